// Package rocketmq lets producers and consumers of github.com/apache/rocketmq-clients/golang/v5 follow the rotations of a RAM
// secret.
//
// The client has no place for a provider, and its own credentials are plain fields. So [Credentials] gives it a placeholder,
// and below it each request is signed with the current key. A refused one is reported, signed and sent again.
//
// Importing the package sets the variable NewRpcClient of the client, for the whole process; connections that carry no
// placeholder are left alone.
package rocketmq

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	client "github.com/apache/rocketmq-clients/golang/v5"
	"github.com/apache/rocketmq-clients/golang/v5/credentials"
	"google.golang.org/grpc"

	"github.com/kmsramcred/kmsramcred/go"
)

const (
	// A placeholder's AccessKey is this and a number; nothing else begins like it.
	placeholder = "kmsramcred-placeholder-"
	// Its secret is no secret: it is for the check that we sign as the client does.
	placeholderSecret = "placeholder"
)

var (
	known  sync.Map // of *kmsramcred.Secret by placeholder
	number atomic.Uint64
)

// Credentials are those of a client's Config: a placeholder for the current key of the secret. RocketMQ gets no security
// token, so the secret has to be a plain AccessKey. A client of the configuration file's is [ForName].
func Credentials(secret *kmsramcred.Secret) *credentials.SessionCredentials {
	name := fmt.Sprint(placeholder, number.Add(1))
	known.Store(name, secret)
	made := &credentials.SessionCredentials{AccessKey: name, AccessSecret: placeholderSecret}
	runtime.AddCleanup(made, func(name string) { known.Delete(name) }, name)
	return made
}

// ForName is [Credentials] for a secret of [kmsramcred.Default].
func ForName(name string) (*credentials.SessionCredentials, error) {
	secret, err := kmsramcred.DefaultSecret(name)
	if err != nil {
		return nil, err
	}
	return Credentials(secret), nil
}

func init() {
	original := client.NewRpcClient
	client.NewRpcClient = func(target string, options ...client.RpcClientOption) (client.RpcClient, error) {
		below := client.WithRpcClientConnOption(client.WithDialOptions(
			grpc.WithChainUnaryInterceptor(unary), grpc.WithChainStreamInterceptor(stream)))
		return original(target, append(options, below)...)
	}
}

// errToken says why a temporary key cannot be used.
var errToken = errors.New("kmsramcred: the secret has a security token, which rocketmq-clients for Go does not send: " +
	"use a secret with a plain AccessKey")
