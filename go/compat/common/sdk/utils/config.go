// Package utils has the import path of the official plug-in's configuration.
package utils

import "github.com/kmsramcred/kmsramcred/go"

// SetConfigName names the configuration file. It counts for clients that are made from now on.
func SetConfigName(name string) { kmsramcred.SetConfigFile(name) }

// GetConfigName is the file that SetConfigName has named.
func GetConfigName() string { return kmsramcred.ConfigFile() }
