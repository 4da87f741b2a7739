package kmsramcred

import (
	"errors"
	"os"
	"strings"

	"github.com/kmsramcred/kmsramcred/go/internal/ffi"
)

// Option says where the settings of a client come from. What options set wins over the file, the file over the environment.
type Option func(*settings)

type settings struct {
	noFile        bool
	noEnvironment bool
	set           []func(ffi.Config) *ffi.Fault
}

// WithFile names the properties file. Without it the file is looked up: KMSRAMCRED_CONFIG, then the working directory.
func WithFile(path string) Option {
	return func(s *settings) {
		s.set = append(s.set, func(config ffi.Config) *ffi.Fault { return config.LoadFile(path) })
		s.noFile = true
	}
}

// WithoutFile reads no file.
func WithoutFile() Option { return func(s *settings) { s.noFile = true } }

// WithoutEnvironment takes no settings from the environment.
func WithoutEnvironment() Option { return func(s *settings) { s.noEnvironment = true } }

// WithSetting sets one key of the file's vocabulary.
func WithSetting(key, value string) Option {
	return func(s *settings) {
		s.set = append(s.set, func(config ffi.Config) *ffi.Fault { return config.Set(key, value) })
	}
}

// WithAccessKey sets a fixed AccessKey as the identity that calls KMS; with a token it is a temporary one.
func WithAccessKey(id, secret, token string) Option {
	return func(s *settings) {
		s.set = append(s.set, func(config ffi.Config) *ffi.Fault { return config.SetAccessKey(id, secret, token) })
	}
}

func (s *settings) apply(config ffi.Config) error {
	if !s.noEnvironment {
		if fault := config.LoadEnvironment(); fault != nil {
			return newError(fault)
		}
	}
	if !s.noFile {
		err := asError(config.LookUpFile())
		if err != nil && !(errors.Is(err, ErrConfigMissing) && s.environmentIsEnough()) {
			return err
		}
	}
	for _, set := range s.set {
		if fault := set(config); fault != nil {
			return newError(fault)
		}
	}
	return nil
}

// Nobody named a file, and the environment says where the identity comes from.
func (s *settings) environmentIsEnough() bool {
	_, named := os.LookupEnv("KMSRAMCRED_CONFIG")
	return !s.noEnvironment && !named && strings.TrimSpace(os.Getenv("credentials_type")) != ""
}
