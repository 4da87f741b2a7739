// Package kmsramcred keeps Alibaba Cloud clients working while KMS rotates their RAM AccessKey.
//
// A program opens a [Client] once, opens each [Secret] once, and asks the secret for its [Credential] at every use. A
// credential that is at hand costs two loads and a compare: no cgo call, no lock, no allocation. After a send it says how it
// went, with [Secret.ReportSuccess] or [Secret.ReportFailure], and follows the [Verdict].
//
// Whatever can wait takes a context. A context that is cancelled ends the wait at once; the fetch goes on for the others.
package kmsramcred
