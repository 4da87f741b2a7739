module kmsramcred.invalid/conformance/driver

go 1.24

require github.com/kmsramcred/kmsramcred/go v0.0.0

replace github.com/kmsramcred/kmsramcred/go => ../../../../go
