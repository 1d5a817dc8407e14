package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/observatory/observatory/internal/accesslog"
	"github.com/observatory/observatory/internal/client"
)

// shownLines is how many of the lines that could not be read are listed.
const shownLines = 50

const importHelp = `Reads a web server's access log and sends one event a line through the public API.

FILE may be compressed with gzip; - reads standard input. The format is "combined", the one that Apache and nginx write
unless told otherwise.

A GET of a page that was answered (2xx or 304) becomes a page_view; everything else, an asset, an error or another
method, becomes an http_request. A page is a path without extension, or with one of html, htm, xhtml, shtml, php, asp,
aspx, jsp, jspx, do, cgi, cfm. Properties: path, search, method, status, bytes, protocol, referrer, user_agent.

Visitors. Client addresses never leave this machine. A visitor's anonymous ID is a keyed hash (HMAC-SHA-256, shortened)
of the address. The key is --visitor-key or OBSERVATORY_VISITOR_KEY, at least 16 characters; without it a random one is
made at the first import and kept, readable only by you, as observatory/visitor.key in your configuration folder. Event
IDs depend on the key as well, so keep it: with the same key, importing a log twice, or a longer version of it, changes
nothing, on any machine; with another key, the same log would be counted again, as other visitors.

Lines that cannot be read are listed with their numbers and do not stop the import. Ctrl-C stops it and says how far it
got; the same command goes on from there. The exit code is 0 when every event was delivered.`

// importOptions of `observatory import`.
type importOptions struct {
	target     target
	format     string
	file       string
	visitorKey string
	dryRun     bool
}

// newImportCommand is `observatory import`. Results go to standard output, progress to standard error.
func newImportCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:     "import --key KEY FILE",
		Short:   "Send a web server's access log as events",
		Long:    importHelp,
		Example: "  observatory import --format combined /var/log/nginx/access.log --key KEY\n  zcat access.log.*.gz | observatory import - --dry-run",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.file = args[0]
			if err := o.Validate(); err != nil {
				return err
			}
			defer endAtSecondInterrupt(cmd.Context())()
			return runImport(cmd.Context(), o, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "combined", "format of the log; combined is the only one so far")
	f.BoolVar(&o.dryRun, "dry-run", false, "read the log and say what would be sent; send nothing")
	f.StringVar(&o.visitorKey, "visitor-key", "", "secret that turns addresses into visitors (default OBSERVATORY_VISITOR_KEY, or one kept in your configuration folder)")
	o.target.flags(f)
	return cmd
}

// Validate checks what can be known before anything is read, and fills in what the environment holds.
func (o *importOptions) Validate() error {
	if o.format != "combined" {
		return fmt.Errorf("--format %s is not known: it must be combined", o.format)
	}
	o.target.fromEnvironment()
	if o.visitorKey == "" {
		o.visitorKey = os.Getenv("OBSERVATORY_VISITOR_KEY")
	}
	if n := len(o.visitorKey); n > 0 && n < accesslog.MinKey {
		return fmt.Errorf("the visitor key has %d characters: it must have at least %d, or the addresses could be guessed", n, accesslog.MinKey)
	}
	if o.target.key == "" && !o.dryRun {
		return errors.New("--key is missing: give a key that may send events, or --dry-run to only look")
	}
	return nil
}

func runImport(ctx context.Context, o importOptions, stdin io.Reader, stdout, stderr io.Writer) error {
	key, err := visitorKey(o.visitorKey, o.dryRun, stderr)
	if err != nil {
		return err
	}
	source, err := openLog(o.file, stdin)
	if err != nil {
		return err
	}
	defer source.Close()
	in := &importing{source: source, mapper: accesslog.NewMapper(key), names: map[string]int{}, visitors: map[string]struct{}{}}
	show := newProgress(stderr)
	if o.dryRun {
		return in.look(ctx, show, stdout)
	}
	c, err := o.target.connect(ctx, "observatory-import/"+version, show)
	if err != nil {
		return err
	}
	defer c.Close()
	return in.send(ctx, c, show, stdout)
}

// importing is one run of the import. The reading goroutine alone writes what is not atomic, and it is read after the
// end.
type importing struct {
	source   *logFile
	mapper   *accesslog.Mapper
	lines    atomic.Int64 // read
	acked    atomic.Int64 // events
	names    map[string]int
	visitors map[string]struct{}
	first    time.Time
	last     time.Time
	bad      int
	shown    []string
}

// status is how far it got, for the progress line.
func (in *importing) status() status {
	return status{
		done: in.source.at.Load(), total: in.source.size, count: in.lines.Load(), unit: "lines",
		more: fmt.Sprintf("%s events sent", thousands(in.acked.Load())),
	}
}

// events reads the log and keeps the books.
func (in *importing) events() iter.Seq2[client.Event, error] {
	return func(yield func(client.Event, error) bool) {
		for line, err := range accesslog.Read(in.source) {
			if err != nil {
				yield(client.Event{}, err)
				return
			}
			in.lines.Store(line.Number)
			if line.Err != nil {
				if in.bad++; in.bad <= shownLines {
					in.shown = append(in.shown, fmt.Sprintf("line %d: %v", line.Number, line.Err))
				}
				continue
			}
			e := in.mapper.Event(line)
			in.names[e.Name]++
			if e.AnonymousID != "" {
				in.visitors[e.AnonymousID] = struct{}{}
			}
			if in.first.IsZero() || e.Timestamp.Before(in.first) {
				in.first = e.Timestamp
			}
			if e.Timestamp.After(in.last) {
				in.last = e.Timestamp
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// look reads everything and sends nothing.
func (in *importing) look(ctx context.Context, show *progress, stdout io.Writer) error {
	events := 0
	err := show.while(in.status, func() error {
		for _, err := range in.events() {
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				return fmt.Errorf("stopped at line %s", thousands(in.lines.Load()))
			}
			events++
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s would be sent%s\n", plural(events, "event"), in.unreadable())
	in.printContent(stdout)
	return nil
}

// send delivers every event and asks the receipts what became of them.
func (in *importing) send(ctx context.Context, c *client.Client, show *progress, stdout io.Writer) error {
	var d client.Delivery
	err := show.while(in.status, func() (err error) {
		d, err = c.Deliver(ctx, in.events(), client.DeliverOptions{OnAck: func(d client.Delivery) { in.acked.Store(int64(d.Events)) }})
		return err
	})
	if err != nil {
		fmt.Fprintf(stdout, "%s acknowledged%s\n", plural(d.Events, "event"), in.unreadable())
		return notDelivered(ctx, err, d, "line "+thousands(in.lines.Load()))
	}
	outcome, err := settle(ctx, c, d.Receipts, d.Events, show)
	if err != nil {
		fmt.Fprintf(stdout, "%s acknowledged%s\n", plural(d.Events, "event"), in.unreadable())
		show.note("What became of them could not be asked (%v). They are safe: an acknowledged event is on disk.", err)
		return nil
	}
	fmt.Fprintf(stdout, "%s: %s%s\n", plural(d.Events, "event"), counts(outcome.Counts), in.unreadable())
	printReasons(stdout, outcome, d, "line")
	in.printContent(stdout)
	return nil
}

// unreadable tells about the lines that could not be read, beginning with a semicolon; empty when there are none.
func (in *importing) unreadable() string {
	if in.bad == 0 {
		return ""
	}
	text := fmt.Sprintf("; %s could not be read:", plural(in.bad, "line"))
	if in.bad == 1 {
		return text + " " + in.shown[0]
	}
	for _, line := range in.shown {
		text += "\n  " + line
	}
	if more := in.bad - len(in.shown); more > 0 {
		text += fmt.Sprintf("\n  and %s more", thousands(int64(more)))
	}
	return text
}

// printContent says what was in the log.
func (in *importing) printContent(w io.Writer) {
	if in.first.IsZero() {
		return
	}
	fmt.Fprintf(w, "%s %s and %s %s from %s, %s to %s (UTC).\n",
		thousands(int64(in.names[accesslog.PageView])), accesslog.PageView,
		thousands(int64(in.names[accesslog.HTTPRequest])), accesslog.HTTPRequest,
		plural(len(in.visitors), "visitor"), in.first.Format("2 January 2006 15:04"), in.last.Format("2 January 2006 15:04"))
}

// visitorKey is the given key, or the kept one, which the first import makes. A dry run makes none: it forgets the
// visitors anyway.
func visitorKey(given string, dryRun bool, stderr io.Writer) ([]byte, error) {
	if given != "" {
		return []byte(given), nil
	}
	path, err := keyPath()
	if err != nil {
		return nil, fmt.Errorf("no place to keep the visitor key: %w; give one with --visitor-key", err)
	}
	key, err := readKey(path)
	switch {
	case err == nil || !errors.Is(err, os.ErrNotExist):
		return key, err
	case dryRun:
		return []byte(rand.Text()), nil
	}
	key, err = makeKey(path)
	if err == nil {
		fmt.Fprintf(stderr, "Made a visitor key: %s. Keep it: only with the same key does importing a log again change nothing.\n", path)
	}
	return key, err
}
