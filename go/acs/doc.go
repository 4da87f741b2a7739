// Package acs keeps clients of github.com/aliyun/alibaba-cloud-sdk-go (the V1 SDK) working while KMS rotates their RAM
// AccessKey.
//
// [NewClient] and [GetClient] make product clients whose calls survive a rotation without any change: a call that is refused
// because its key is dead is sent again with the new one. The SDK has no place for that but the transport, so the second
// request is signed here; it is sent only after the signature of the first one was computed anew, with the refused key, and
// came out the same to the byte. Whatever was signed in another way goes back to the caller as the service answered it, with
// the new key ready for the next call.
//
// Who prefers that the SDK signs every request gives a [Provider] to a client of their own, and sends with [Call].
package acs
