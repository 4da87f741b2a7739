// Package service has the import path of the official plug-in's interfaces.
package service

// AKExpireHandler says of errors whether they mean a dead key.
type AKExpireHandler interface {
	JudgeAKExpire(err error) bool
}
