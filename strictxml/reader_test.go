package strictxml

import "testing"

func TestSmoke(t *testing.T) {
	l := Limits{1 << 20, 128, 64, 1000}
	r := NewReader([]byte(`<?xml version="1.0" encoding="utf-8"?><s:E xmlns:s="u" xmlns="d"><a b='1&amp;2'>x&lt;y</a><c/> <!-- z --><d><e/></d></s:E>`), l)
	if !r.Root() || r.Name() != (Name{"u", "E"}) {
		t.Fatal(r.Name(), r.Err())
	}
	for r.Child() {
		switch r.Name().Local {
		case "a":
			v, _ := r.Attr("b")
			if s := r.Text(); s != "x<y" || v != "1&2" {
				t.Error(s, v)
			}
		default:
			t.Log(r.Name())
			r.Skip()
		}
	}
	if err := r.Finish(); err != nil {
		t.Fatal(err)
	}
}
