# The two commands of README are `make demo` (or go run ./cmd/entente demo)
# and `make test` (or go test ./...). The rest is for those who change things.
TOOL = go tool -modfile=tools/go.mod
# Generated files are as their generators write them.
GOFILES = $(filter-out %_gen.go,$(shell git ls-files --cached --others --exclude-standard '*.go'))

.PHONY: demo test check race bench fuzz mutate fmt generate build interop

demo:
	go run ./cmd/entente demo

test:
	go test ./...

build:
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/entente ./cmd/entente

# What a change must pass before it lands.
check: race
	@out="$$($(TOOL) gofumpt -l $(GOFILES))"; test -z "$$out" || { echo "gofumpt would change:"; echo "$$out"; exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...
	go test -run 'TestFloorplan|TestOneWay|TestPureRooms|TestChokePoints' .
	$(MAKE) generate
	git diff --exit-code

race:
	go test -race -timeout 60m ./...

fmt:
	$(TOOL) gofumpt -w $(GOFILES)

# Generated files are committed; this writes them again.
generate:
	go generate ./...

bench:
	go test -run '^$$' -bench . -benchmem ./...

# Each fuzz target for a short while. FUZZTIME=5m make fuzz for longer. Inputs are
# made small by few tries: where cryptography is in the way, coverage is not the
# same twice, and a minute would be spent on each.
FUZZTIME ?= 20s
fuzz:
	@for p in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p || exit 1; \
	  done; done

# How many small mistakes in the decision engine its own tests notice: at least
# 95 %. test/mutate/equivalent.txt has those that are no mistakes, and why. What
# proposes changes (turn*.go) is left out: each proposal is tried on the engine.
mutate:
	nice go run ./test/mutate -skip turn ./access
