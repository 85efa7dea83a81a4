package main

import (
	"errors"
	"runtime"
	"runtime/debug"
)

const machineryModule = "github.com/RichardKnop/machinery/v2"

// machineryVersion says what this program was built from.
func machineryVersion() (map[string]string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil, errors.New("the program has no build information")
	}
	for _, module := range info.Deps {
		if module.Path == machineryModule {
			return map[string]string{"go": runtime.Version(), module.Path: module.Version}, nil
		}
	}
	return nil, errors.New(machineryModule + " is not in the program")
}
