// Command interop drives Go Machinery for tests written in another language: each line of its input is a request, each
// line of its output the answer to one. It ends when its input ends.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"sync"

	machinerylog "github.com/RichardKnop/machinery/v2/log"
)

const longestLine = 64 << 20

// envelope is what all requests have: a number that the answer repeats, and the name of the operation.
type envelope struct {
	ID int    `json:"id"`
	Op string `json:"op"`
}

// answer has the result of an operation or the text of its error.
type answer struct {
	ID     int         `json:"id"`
	Result interface{} `json:"result"`
	Error  string      `json:"error,omitempty"`
}

func main() {
	var settings settings
	flag.StringVar(&settings.broker, "broker", "redis://localhost:6379", "URL of the broker: redis:// or amqp://")
	flag.StringVar(&settings.backend, "backend", "redis://localhost:6379", "URL of the result backend: redis:// or amqp://")
	flag.StringVar(&settings.lock, "lock", "", "URL of the lock: redis://; without it the lock is in memory")
	flag.StringVar(&settings.client, "client", "redigo", "client of Redis: redigo or go-redis")
	flag.StringVar(&settings.queue, "queue", "machinery_tasks", "default queue of what it sends")
	flag.StringVar(&settings.exchange, "exchange", "machinery_exchange", "exchange on AMQP")
	flag.StringVar(&settings.exchangeType, "exchange-type", "direct", "type of the exchange")
	flag.StringVar(&settings.bindingKey, "binding-key", "", "binding key on AMQP; without it the name of the queue")
	flag.StringVar(&settings.delayedKey, "delayed-key", "delayed_tasks", "key of the delayed tasks in Redis")
	flag.StringVar(&settings.runLog, "run-log", "", "file to which the task fault_work appends what it does")
	flag.Parse()

	// The library logs to the standard output, which is for answers.
	machinerylog.Set(log.New(os.Stderr, "", log.LstdFlags|log.Lmicroseconds))
	machinerylog.SetDebug(silent)
	machinerylog.SetInfo(silent)

	if err := run(settings); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(settings settings) error {
	opened, err := openRunLog(settings.runLog)
	if err != nil {
		return err
	}
	return serve(newProgram(settings, opened))
}

// serve answers requests as they are done, each on a goroutine of its own, until the input ends.
func serve(program *program) error {
	var writing sync.Mutex
	output := json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	reply := func(id int, result interface{}, err error) {
		writing.Lock()
		defer writing.Unlock()
		line := answer{ID: id, Result: result}
		if err != nil {
			line.Error = err.Error()
		}
		if err := output.Encode(line); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}

	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, longestLine)
	for input.Scan() {
		line := append([]byte(nil), input.Bytes()...)
		var head envelope
		if err := json.Unmarshal(line, &head); err != nil {
			return fmt.Errorf("request %q: %w", line, err)
		}
		go func() {
			result, err := program.do(head.Op, line)
			reply(head.ID, result, err)
		}()
	}
	return input.Err()
}
