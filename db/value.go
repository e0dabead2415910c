package db

import (
	"errors"
	"fmt"
	"math"
	"reflect"
)

var errNull = errors.New("NULL where a value is needed")

// values turns arguments into the few types the drivers are given, in place.
func values(args []any) error {
	for i, a := range args {
		switch a := a.(type) {
		case int64, string, bool, float64, nil:
			continue
		case []byte:
			if a == nil {
				args[i] = nil
			}
			continue
		case int:
			args[i] = int64(a)
			continue
		}
		v, err := value(reflect.ValueOf(a))
		if err != nil {
			return fmt.Errorf("db: argument $%d: %w", i+1, err)
		}
		args[i] = v
	}
	return nil
}

func value(v reflect.Value) (any, error) {
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() > math.MaxInt64 {
			return nil, errors.New("beyond 63 bits")
		}
		return int64(v.Uint()), nil
	case reflect.String:
		return v.String(), nil
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		return value(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if v.IsNil() {
				return nil, nil
			}
			return v.Bytes(), nil
		}
	case reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b := make([]byte, v.Len())
			reflect.Copy(reflect.ValueOf(b), v)
			return b, nil
		}
	}
	return nil, fmt.Errorf("type %s cannot be kept", v.Type())
}

// assign sets *dest to v, which is of a cursor's types. The first cases are
// the frequent ones.
func assign(dest, v any) error {
	switch d := dest.(type) {
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *int:
		if n, ok := v.(int64); ok {
			*d = int(n)
			return nil
		}
	case *string:
		if s, ok := v.(string); ok {
			*d = s
			return nil
		}
	case *[]byte:
		if b, ok := v.([]byte); ok {
			*d = notNil(b)
			return nil
		}
	case *any:
		*d = v
		return nil
	}
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("destination %T is no pointer", dest)
	}
	return set(p.Elem(), v)
}

func set(d reflect.Value, v any) error {
	if d.Kind() == reflect.Pointer {
		if v == nil {
			d.SetZero()
			return nil
		}
		d.Set(reflect.New(d.Type().Elem()))
		return set(d.Elem(), v)
	}
	switch v := v.(type) {
	case nil:
		if d.Kind() == reflect.Slice && d.Type().Elem().Kind() == reflect.Uint8 {
			d.SetZero()
			return nil
		}
		return errNull
	case int64:
		return setInt(d, v)
	case bool:
		if d.Kind() == reflect.Bool {
			d.SetBool(v)
			return nil
		}
	case float64:
		if d.CanFloat() {
			d.SetFloat(v)
			return nil
		}
	case string:
		if d.Kind() == reflect.String {
			d.SetString(v)
			return nil
		}
		if d.Kind() == reflect.Slice && d.Type().Elem().Kind() == reflect.Uint8 {
			d.SetBytes([]byte(v))
			return nil
		}
	case []byte:
		return setBytes(d, notNil(v))
	}
	return fmt.Errorf("%T does not go into %s", v, d.Type())
}

// notNil keeps an empty value apart from NULL, which the driver does not.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// setInt also serves BOOLEAN columns of SQLite, which are integers.
func setInt(d reflect.Value, v int64) error {
	switch {
	case d.CanInt() && !d.OverflowInt(v):
		d.SetInt(v)
	case d.CanUint() && v >= 0 && !d.OverflowUint(uint64(v)):
		d.SetUint(uint64(v))
	case d.CanFloat():
		d.SetFloat(float64(v))
	case d.Kind() == reflect.Bool && (v == 0 || v == 1):
		d.SetBool(v == 1)
	default:
		return fmt.Errorf("%d does not go into %s", v, d.Type())
	}
	return nil
}

func setBytes(d reflect.Value, v []byte) error {
	bytes := (d.Kind() == reflect.Slice || d.Kind() == reflect.Array) && d.Type().Elem().Kind() == reflect.Uint8
	switch {
	case bytes && d.Kind() == reflect.Slice:
		d.SetBytes(v)
	case bytes && d.Len() == len(v):
		reflect.Copy(d, reflect.ValueOf(v))
	case bytes:
		return fmt.Errorf("%d bytes do not go into %s", len(v), d.Type())
	case d.Kind() == reflect.String:
		d.SetString(string(v))
	default:
		return fmt.Errorf("bytes do not go into %s", d.Type())
	}
	return nil
}
