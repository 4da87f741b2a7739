// Package program is the user's program, the same around both libraries; program.py is the same in Python.
//
// usage: PROGRAM WHO SCENARIO ORDER, in a directory with a configuration file. Orders are lines of JSON on standard input,
// answers lines of JSON on standard output; it ends with its input.
package program

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
	"unsafe"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
)

const (
	// patience is how long a call may take before it is counted as one that never ended.
	patience = 15 * time.Second
	// life ends the process, whatever became of who started it.
	life = 120 * time.Second
)

// Library is what is compared.
type Library struct {
	// Reader gives a function that asks for the key of a secret, as the program does at each use.
	Reader func(secret string) (func() error, error)
	// Caller gives a function that calls the service at a host, signed with the key of a secret.
	Caller func(secret, host string) (func() error, error)
}

// Order is what a scenario is to do; each uses some of it.
type Order struct {
	Secret  string  `json:"secret"`
	Host    string  `json:"host"`
	Adapter bool    `json:"adapter"`
	Threads int     `json:"threads"`
	Pause   float64 `json:"pause"`
	Seconds float64 `json:"seconds"`
	// When the key was rotated, by the clock of the machine.
	Rotated float64 `json:"rotated"`
}

type answer map[string]any

// conversation is with who started the program.
type conversation struct {
	orders  *bufio.Scanner
	answers *json.Encoder
}

func (c conversation) say(said answer) {
	if err := c.answers.Encode(said); err != nil {
		panic(err)
	}
}

// hear is the next order; false where the input has ended.
func (c conversation) hear() (order Order, more bool) {
	if !c.orders.Scan() {
		return order, false
	}
	if err := json.Unmarshal(c.orders.Bytes(), &order); err != nil {
		panic(err)
	}
	return order, true
}

// Main runs the scenario that the command line names.
func Main(library Library) {
	time.AfterFunc(life, func() { os.Exit(124) })
	if err := run(library, os.Args[2], os.Args[3], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(library Library, scenario, order string, in io.Reader, out io.Writer) error {
	scenarios := map[string]func(conversation, Library, Order) error{"load": load, "first": first, "read": read}
	play, ok := scenarios[scenario]
	if !ok {
		return fmt.Errorf("there is no scenario %q", scenario)
	}
	var wanted Order
	if err := json.Unmarshal([]byte(order), &wanted); err != nil {
		return err
	}
	return play(conversation{bufio.NewScanner(in), json.NewEncoder(out)}, library, wanted)
}

// Action is the request that is sent to a service.
func Action(host string) *requests.CommonRequest {
	request := requests.NewCommonRequest()
	request.Scheme, request.Domain, request.Version, request.ApiName = "http", host, "2014-05-26", "DescribeRegions"
	return request
}

func nameOf(err error) any {
	if err == nil {
		return nil
	}
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) && coded.ErrorCode() != "" {
		return coded.ErrorCode()
	}
	return fmt.Sprintf("%T", err)
}

// Refused says whether a service refused the call, and with which code.
func Refused(err error) (code string, refused bool) {
	var server *sdkerrors.ServerError
	if !errors.As(err, &server) {
		return "", false
	}
	return server.ErrorCode(), true
}

// clock is the one that Python's time.monotonic shows.
func clock() float64 {
	const monotonic = 1
	var now syscall.Timespec
	if _, _, failed := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&now)), 0); failed != 0 {
		panic(failed)
	}
	return float64(now.Sec) + float64(now.Nsec)/1e9
}

func seconds(number float64) time.Duration { return time.Duration(number * float64(time.Second)) }
