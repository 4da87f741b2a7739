package kmsramcred

import (
	"cmp"
	"os"
	"path/filepath"
	"sync"
)

const fileName = "managed_credentials_providers.properties"

// shared are the clients that Default has made, one for each configuration file.
var shared struct {
	sync.Mutex
	named string
	open  map[string]*Client
}

// SetConfigFile names the configuration file for [Default], and so for adapters that are made from now on. It goes before
// KMSRAMCRED_CONFIG; a relative path is taken from the working directory at the time of use. "" goes back to the documented
// look-up.
func SetConfigFile(path string) {
	shared.Lock()
	defer shared.Unlock()
	shared.named = path
}

// ConfigFile is the file that SetConfigFile has named.
func ConfigFile() string {
	shared.Lock()
	defer shared.Unlock()
	return shared.named
}

// Default is the client of the configuration file that is named or found now: the same one for everybody who asks, made when
// it is first asked for. It lives until [CloseDefault]; do not close it yourself.
func Default() (*Client, error) {
	shared.Lock()
	defer shared.Unlock()
	key, err := sharedKey()
	if err != nil {
		return nil, err
	}
	if known := shared.open[key]; known != nil {
		return known, nil
	}
	var options []Option
	if shared.named != "" {
		options = append(options, WithFile(shared.named))
	}
	made, err := Open(options...)
	if err != nil {
		return nil, err
	}
	if shared.open == nil {
		shared.open = make(map[string]*Client)
	}
	shared.open[key] = made
	return made, nil
}

// DefaultSecret is a secret of [Default].
func DefaultSecret(name string) (*Secret, error) {
	client, err := Default()
	if err != nil {
		return nil, err
	}
	return client.Secret(name)
}

// CloseDefault closes the client that [Default] gives now, for everybody who uses it; the next Default makes a new one.
func CloseDefault() error {
	shared.Lock()
	key, err := sharedKey()
	known := shared.open[key]
	delete(shared.open, key)
	shared.Unlock()
	if err != nil || known == nil {
		return err
	}
	return known.Close()
}

func sharedKey() (string, error) {
	return filepath.Abs(cmp.Or(shared.named, os.Getenv("KMSRAMCRED_CONFIG"), fileName))
}
