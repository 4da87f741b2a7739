package acs

import (
	"runtime"
	"sync"
	"weak"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
)

// use is what a client of ours holds beside itself.
type use struct {
	provider *Provider
	idle     func()
}

func (u *use) end() {
	u.provider.closed.Store(true)
	u.idle()
}

// uses are those of all clients that can still be reached. It keeps none of them alive.
var uses = struct {
	sync.Mutex
	of map[weak.Pointer[sdk.Client]]*use
}{of: make(map[weak.Pointer[sdk.Client]]*use)}

func enter(core *sdk.Client, entered *use) {
	key := weak.Make(core)
	uses.Lock()
	before := uses.of[key]
	uses.of[key] = entered
	uses.Unlock()
	if before != nil {
		before.end()
		return
	}
	// Not its end: a copy of the client may live on.
	runtime.AddCleanup(core, func(key weak.Pointer[sdk.Client]) {
		if left := leave(key); left != nil {
			left.idle()
		}
	}, key)
}

func leave(key weak.Pointer[sdk.Client]) *use {
	uses.Lock()
	defer uses.Unlock()
	left := uses.of[key]
	delete(uses.of, key)
	return left
}

// CloseClient ends the use of the secret by this client, and by no other: its next call fails, and its idle connections are
// closed. For a client that is closed already, or is none of ours, it does nothing. A client that nobody can reach any more
// needs no closing.
func CloseClient(client any) {
	if core := coreOf(client); core != nil {
		if left := leave(weak.Make(core)); left != nil {
			left.end()
		}
	}
}

// CloseClients is CloseClient for every client that this package has made.
func CloseClients() {
	uses.Lock()
	all := uses.of
	uses.of = make(map[weak.Pointer[sdk.Client]]*use)
	uses.Unlock()
	for _, left := range all {
		left.end()
	}
}
