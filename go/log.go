package kmsramcred

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/kmsramcred/kmsramcred/go/internal/ffi"
)

var (
	chosenLogger atomic.Pointer[slog.Logger]
	silent       atomic.Bool
	listenOnce   sync.Once
)

// SetLogger says where records of the library go, for the whole process: nowhere with nil, to slog.Default() before the
// first call. The logger's handler decides about levels. It runs on threads of the library: it must not block for long, nor
// close a client.
func SetLogger(logger *slog.Logger) {
	chosenLogger.Store(logger)
	silent.Store(logger == nil)
	listen()
}

func listen() {
	listenOnce.Do(func() {
		ffi.SetLog(record)
		ffi.LogToGo()
	})
}

func record(level int32, message string) {
	// A panic must not unwind into C.
	defer func() { _ = recover() }()
	logger := chosenLogger.Load()
	if silent.Load() {
		return
	}
	if logger == nil {
		logger = slog.Default()
	}
	logger.Log(context.Background(), slogLevel(level), message, slog.String("logger", "kmsramcred"))
}

func slogLevel(level int32) slog.Level {
	switch level {
	case 1:
		return slog.LevelError
	case 2:
		return slog.LevelWarn
	case 3:
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}
