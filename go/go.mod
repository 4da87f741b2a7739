module github.com/kmsramcred/kmsramcred/go

go 1.24
