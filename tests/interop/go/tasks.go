package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/RichardKnop/machinery/v2/tasks"
)

// taskFuncs are all tasks of this program by name. `echo_T` and `echo_slice_T` answer an argument
// of type T or []T.
func taskFuncs(gates *gates, runLog *runLog) map[string]interface{} {
	return map[string]interface{}{
		"add":        add,
		"multiply":   multiply,
		"concat":     concat,
		"several":    several,
		"nothing":    func() error { return nil },
		"fail":       func(text string) error { return errors.New(text) },
		"explode":    func(text string) error { panic(text) },
		"remember":   func(text string, more ...int64) (string, error) { return fmt.Sprintf("%s %v", text, more), nil },
		"foreign":    foreign,
		"flaky":      flaky,
		"later":      later,
		"hold":       gates.hold,
		"fault_work": runLog.work,

		"echo_bool":    echo[bool],
		"echo_int":     echo[int],
		"echo_int8":    echo[int8],
		"echo_int16":   echo[int16],
		"echo_int32":   echo[int32],
		"echo_int64":   echo[int64],
		"echo_uint":    echo[uint],
		"echo_uint8":   echo[uint8],
		"echo_uint16":  echo[uint16],
		"echo_uint32":  echo[uint32],
		"echo_uint64":  echo[uint64],
		"echo_float32": echo[float32],
		"echo_float64": echo[float64],
		"echo_string":  echo[string],

		"echo_slice_bool":    echo[[]bool],
		"echo_slice_int":     echo[[]int],
		"echo_slice_int8":    echo[[]int8],
		"echo_slice_int16":   echo[[]int16],
		"echo_slice_int32":   echo[[]int32],
		"echo_slice_int64":   echo[[]int64],
		"echo_slice_uint":    echo[[]uint],
		"echo_slice_uint8":   echo[[]uint8],
		"echo_slice_uint16":  echo[[]uint16],
		"echo_slice_uint32":  echo[[]uint32],
		"echo_slice_uint64":  echo[[]uint64],
		"echo_slice_float32": echo[[]float32],
		"echo_slice_float64": echo[[]float64],
		"echo_slice_string":  echo[[]string],
		"echo_slice_byte":    echo[[]byte],
	}
}

func echo[T any](value T) (T, error) { return value, nil }

func add(terms ...int64) (int64, error) {
	var sum int64
	for _, term := range terms {
		sum += term
	}
	return sum, nil
}

func multiply(factors ...int64) (int64, error) {
	product := int64(1)
	for _, factor := range factors {
		product *= factor
	}
	return product, nil
}

// concat shows the order of its arguments.
func concat(parts ...string) (string, error) {
	var text string
	for _, part := range parts {
		text += part
	}
	return text, nil
}

func several(number int64) (int64, string, []byte, float32, error) {
	return number, "<é & ☃>", []byte{0, 1, 254, 255}, 0.1, nil
}

type point struct{ X, Y int }

// foreign answers values of types that no argument can have.
func foreign() (map[string]interface{}, time.Duration, point, [2]byte, rune, error) {
	return map[string]interface{}{"b": "<>", "a": 1}, 1500 * time.Millisecond, point{1, -2}, [2]byte{1, 2}, 'é', nil
}

// flaky fails until `enough` retries are left, and then answers the counters of its message. Retries go to `queue`.
func flaky(ctx context.Context, enough int64, queue string) (int64, int64, string, error) {
	signature := tasks.SignatureFromContext(ctx)
	if int64(signature.RetryCount) > enough {
		signature.RoutingKey = queue
		return 0, 0, "", fmt.Errorf("%d retries are left in Go", signature.RetryCount)
	}
	return int64(signature.RetryCount), int64(signature.RetryTimeout), "Go", nil
}

// later asks once to be run again after a time, by a header that it leaves in its message.
func later(ctx context.Context, delayMs int64) (string, error) {
	signature := tasks.SignatureFromContext(ctx)
	if signature.Headers["asked"] == nil {
		if signature.Headers == nil {
			signature.Headers = tasks.Headers{}
		}
		signature.Headers.Set("asked", "yes")
		return "", tasks.NewErrRetryTaskLater("not yet", time.Duration(delayMs)*time.Millisecond)
	}
	return "Go", nil
}
