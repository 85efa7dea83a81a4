package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/RichardKnop/machinery/v2/tasks"
)

// wireArg is an argument or a result in requests and answers. Its value is a JSON text within a string, so that no number
// loses digits on the way. An argument without a value is the zero value of its type: a nil slice.
type wireArg struct {
	Type  string  `json:"type"`
	Value *string `json:"value"`
}

// spec says what a signature is like.
type spec struct {
	UUID       string            `json:"uuid"`
	Name       string            `json:"name"`
	Queue      string            `json:"queue"`
	Args       []wireArg         `json:"args"`
	Headers    map[string]string `json:"headers"`
	Priority   uint8             `json:"priority"`
	Immutable  bool              `json:"immutable"`
	RetryCount int               `json:"retryCount"`
	DelayMs    int64             `json:"delayMs"`
	OnSuccess  []spec            `json:"onSuccess"`
	OnError    []spec            `json:"onError"`
}

// signature makes the signature of a spec. Arguments are values of Go, so that it is Go that writes them.
func (s spec) signature() (*tasks.Signature, error) {
	var args []tasks.Arg
	for i, arg := range s.Args {
		value, err := goValue(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d of %s: %w", i+1, s.Name, err)
		}
		args = append(args, tasks.Arg{Type: arg.Type, Value: value})
	}
	made, err := tasks.NewSignature(s.Name, args)
	if err != nil {
		return nil, err
	}
	if s.UUID != "" {
		made.UUID = s.UUID
	}
	for key, value := range s.Headers {
		if made.Headers == nil {
			made.Headers = tasks.Headers{}
		}
		made.Headers.Set(key, value)
	}
	made.RoutingKey = s.Queue
	made.Priority = s.Priority
	made.Immutable = s.Immutable
	made.RetryCount = s.RetryCount
	if s.DelayMs > 0 {
		eta := time.Now().UTC().Add(time.Duration(s.DelayMs) * time.Millisecond)
		made.ETA = &eta
	}
	if made.OnSuccess, err = signatures(s.OnSuccess); err != nil {
		return nil, err
	}
	if made.OnError, err = signatures(s.OnError); err != nil {
		return nil, err
	}
	return made, nil
}

func signatures(specs []spec) ([]*tasks.Signature, error) {
	var made []*tasks.Signature
	for _, one := range specs {
		signature, err := one.signature()
		if err != nil {
			return nil, err
		}
		made = append(made, signature)
	}
	return made, nil
}

func goValue(arg wireArg) (interface{}, error) {
	if arg.Value == nil {
		empty, err := tasks.ReflectValue(arg.Type, nil)
		if err != nil {
			return nil, err
		}
		return reflect.Zero(empty.Type()).Interface(), nil
	}
	decoder := json.NewDecoder(strings.NewReader(*arg.Value))
	decoder.UseNumber()
	var decoded interface{}
	if err := decoder.Decode(&decoded); err != nil {
		return nil, err
	}
	value, err := tasks.ReflectValue(arg.Type, decoded)
	if err != nil {
		return nil, err
	}
	return value.Interface(), nil
}

// wireValues are values of Go as they are answered.
func wireValues(values []reflect.Value) ([]wireArg, error) {
	answered := make([]wireArg, len(values))
	for i, value := range values {
		encoded, err := json.Marshal(value.Interface())
		if err != nil {
			return nil, err
		}
		text := string(encoded)
		answered[i] = wireArg{Type: value.Type().String(), Value: &text}
	}
	return answered, nil
}
