package erasure_test

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/analyticspg"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/cmd/observatory/bridge"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/enrich"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/ingest/ingestpg"
	"github.com/observatory/observatory/ingest/pipeline"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/archive/archivech"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/inventory"
	"github.com/observatory/observatory/privacy/privacych"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/resolve"
	"github.com/observatory/observatory/privacy/suppress"
)

// house is an installation: engines, and a node that dies and comes back.
type house struct {
	t      *testing.T
	chance *rand.Rand // of the node's deaths
	secret []byte
	logged *output
	logger *slog.Logger

	conn     driver.Conn
	postgres string // its URL
	pool     *pg.Pool
	folder   string // of the object storage
	files    *objects.Store

	keys     suppress.Keys
	control  *privacypg.Store
	logs     privacypg.Logs
	requests privacypg.Requests
	declared *ingestpg.Store
	store    *ingestch.Store
	books    *ingest.Books
	receipts ingest.Receipts
	pipeline *pipeline.Pipeline
	policies *ingest.Policies
	replays  *repair.Service
	causes   *repair.Causes
	marks    *analyticsch.Rollups
	rollups  *rollup.Service
	linker   *people.Linker
	erasing  *privacych.Store
	resolver privacy.Resolver
	proofs   *certificate.Service
	exports  *export.Service

	began   time.Time
	long    time.Duration // for how long things go on to happen while requests are carried out
	log     uuid.UUID
	looking sync.RWMutex // held by those who look for somebody's IDs: a purge waits a minute for them, which nobody here has
	up      sync.RWMutex // held by those who send; the node is replaced under it
	node    *node
	reads   gate // before which the sink waits with what is in the log
	writes  gate // before which it waits with a batch that it has begun
	stop    context.CancelFunc
	working errgroup.Group
}

func newHouse(t *testing.T, seed uint64, long time.Duration) *house {
	h := &house{
		t: t, began: time.Now(), long: long, chance: rand.New(rand.NewPCG(seed, 1)), secret: bytes.Repeat([]byte{7}, seal.KeyLength), logged: &output{}, folder: t.TempDir(), log: uuid.New(), //nolint:gosec // chance, not secrets
	}
	h.logger = slog.New(slog.NewTextHandler(h.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.connect(t)
	h.buildIngest(t)
	h.buildPrivacy(t)
	return h
}

func (h *house) connect(t *testing.T) {
	var err error
	h.conn, err = ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.conn.Close()) })
	h.hasten(t)
	h.postgres = testkit.Postgres(t)
	h.pool, err = pg.Open(t.Context(), h.postgres, pg.Options{})
	require.NoError(t, err)
	t.Cleanup(h.pool.Close)
	h.files, err = objects.Open(t.Context(), h.folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.files.Close()) })
}

// hasten has the server remove parts that are out of use at once.
func (h *house) hasten(t *testing.T) {
	rows, err := h.conn.Query(t.Context(), "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var table string
		require.NoError(t, rows.Scan(&table))
		for _, sql := range []string{ // the thread that tidies up reads how often it does so when the table is attached
			"ALTER TABLE " + table + " MODIFY SETTING cleanup_delay_period = 1, cleanup_delay_period_random_add = 0, max_cleanup_delay_period = 1",
			"DETACH TABLE " + table + " SYNC", "ATTACH TABLE " + table,
		} {
			require.NoError(t, h.conn.Exec(t.Context(), sql), sql)
		}
	}
	require.NoError(t, rows.Err())
}

func (h *house) buildIngest(t *testing.T) {
	h.store, h.declared = ingestch.New(h.conn), ingestpg.New(h.pool, h.logger)
	h.receipts = ingest.NewReceipts(h.secret)
	h.books = ingest.NewBooks(h.store, h.receipts, time.Now, h.logger)
	h.pipeline = pipeline.New(pipeline.Config{Secret: h.secret}, pipeline.Deps{
		Feed: h.declared, Resources: enrich.Resources{Agents: enrich.NewAgents(nil), Sessions: enrich.NewSessions(enrich.DefaultPeople)}, Logger: h.logger, Now: time.Now,
	})
	h.policies = ingest.NewPolicies(h.declared, h.pipeline.Rulebook(), time.Now)
	h.replays, h.causes = repair.NewService(h.declared, h.store, h.pipeline, time.Now), repair.NewCauses(h.store, time.Now)
	h.marks = analyticsch.NewRollups(analyticsch.Config{Conn: h.conn, Now: time.Now})
	h.rollups = rollup.New(rollup.Deps{
		Store: h.marks, Settings: analyticspg.New(h.pool).Rollups(),
		Jobs: nobody{}, Now: time.Now, Logger: h.logger, Metrics: prometheus.NewRegistry(),
	})
	h.linker = people.NewLinker(analyticsch.NewLinks(analyticsch.Config{Conn: h.conn, Now: time.Now}), h.rollups)
}

func (h *house) buildPrivacy(t *testing.T) {
	var err error
	h.keys, err = suppress.NewKeys(h.secret)
	require.NoError(t, err)
	sealer, err := seal.New(h.secret, "privacy requests")
	require.NoError(t, err)
	h.control, h.logs = privacypg.New(h.pool, h.keys, h.logger), privacypg.NewLogs(h.pool)
	h.requests = h.control.Requests(sealer)
	key, err := metering.NewKey(h.secret)
	require.NoError(t, err)
	h.erasing = privacych.New(privacych.Config{Conn: h.conn, Rollups: h.rollups, Key: key, Readers: time.Nanosecond})
	h.resolver = resolve.New(known{bridge.People(analyticsch.NewKin(analyticsch.Config{Conn: h.conn, Now: time.Now})), &h.looking}, bridge.Forms(h.declared, h.secret))
	public := &url.URL{Scheme: "https", Host: "observatory.example"}
	h.proofs, err = certificate.New(certificate.Deps{Store: h.control, SecretKey: h.secret, Issuer: certificate.Issuer{Name: public.String()}, Now: time.Now})
	require.NoError(t, err)
	require.NoError(t, h.proofs.EnsureKey(t.Context()))
	profiles := bridge.Profiles(people.New(people.Deps{Store: analyticsch.NewPeople(analyticsch.Config{Conn: h.conn, Now: time.Now}), Now: time.Now}))
	h.exports = export.New(export.Deps{
		Store: h.control, Records: privacych.NewRecords(h.conn), Profiles: profiles, Objects: h.files, PublicURL: public, Now: time.Now, Logger: h.logger,
	})
}

// archive is one that works with a storage and an index.
func (h *house) archive(storage archive.Storage, index archive.Index) (*archive.Service, error) {
	return archive.New(archive.Config{SecretKey: h.secret, Quiet: time.Nanosecond}, archive.Deps{
		Storage: storage, Source: archivech.New(h.conn), Index: index, Jobs: nobody{}, Now: time.Now, Logger: h.logger, Metrics: prometheus.NewRegistry(),
	})
}

// copies are all copies that a server has, in its order.
func (h *house) copies(archived *archive.Service) []privacy.Copy {
	all := append(h.erasing.Copies(), archived.Copy(), h.exports.Copy())
	return append(append(all, h.control.Copies()...), inventory.Stated()...)
}

// nobody takes jobs: whoever tests does what they would do.
type nobody struct{}

func (nobody) Enqueue(_ context.Context, all ...jobs.Job) ([]jobs.Enqueued, error) {
	return make([]jobs.Enqueued, len(all)), nil
}

// output is what is logged.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// open starts everything, and the node's deaths.
func (h *house) open(t *testing.T) {
	until := h.start(t)
	h.working.Go(func() error { return h.kill(until) })
}

// start starts the node, and what removes from the disk what is hidden. What is returned ends when they are to.
func (h *house) start(t *testing.T) context.Context {
	require.NoError(t, h.pipeline.Rulebook().Refresh(t.Context()))
	ctx := context.WithoutCancel(t.Context())
	var err error
	h.node, err = newNode(ctx, h, &disk{files: vfs.NewCrashableMem()})
	require.NoError(t, err)
	t.Cleanup(func() {
		h.stop()
		require.NoError(t, h.node.stop(ctx))
	})
	until, stop := context.WithCancel(ctx)
	h.stop = stop
	h.working.Go(func() error { return h.purge(until) })
	h.working.Go(func() error { return h.pipeline.Rulebook().Run(until) })
	return until
}

// kill has the node die again and again, until ctx ends.
func (h *house) kill(ctx context.Context) error {
	for pause(ctx, time.Duration(300+h.chance.IntN(1500))*time.Millisecond) {
		d := h.node.disk
		switch h.chance.IntN(4) {
		case 0: // it is asked to end
		case 1: // kill -9: what was written stays
			d.cut(0, vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: h.chance})
		default: // the power is cut at a write; where none comes, soon
			d.cut(1+h.chance.IntN(60), vfs.CrashCloneCfg{UnsyncedDataPercent: h.chance.IntN(2) * 50, RNG: h.chance})
			for n := 0; n < 20 && d.alive() == nil; n++ {
				if !pause(ctx, 10*time.Millisecond) {
					break
				}
			}
			d.cut(0, d.keep)
		}
		if err := h.revive(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// revive starts a node in place of the one that is dead, or is to end.
func (h *house) revive(ctx context.Context) (err error) {
	h.up.Lock()
	defer h.up.Unlock()
	if err := h.node.stop(ctx); err != nil {
		return err
	}
	files := h.node.disk.files
	if h.node.disk.after != nil {
		files = h.node.disk.after
	}
	h.node, err = newNode(ctx, h, &disk{files: files})
	return err
}

// purge removes from the disk what is hidden, and is cut short now and then, until ctx ends.
func (h *house) purge(ctx context.Context) error {
	for n := 0; pause(ctx, 1500*time.Millisecond); n++ {
		limit := patience
		if n%3 == 0 {
			limit = time.Duration(n%7) * 20 * time.Millisecond
		}
		limited, cancel := context.WithTimeout(ctx, limit)
		h.looking.Lock()
		_, _ = h.erasing.Purge(limited) // where that fails it is done again
		h.looking.Unlock()
		cancel()
	}
	return nil
}

// calm ends the deaths: from now on everybody lives, and the house only tidies up.
func (h *house) calm() {
	h.stop()
	require.NoError(h.t, h.working.Wait())
	ctx, stop := context.WithCancel(context.WithoutCancel(h.t.Context()))
	h.stop = stop
	h.working = errgroup.Group{}
	h.working.Go(func() error { return h.purge(ctx) })
}

// rest ends the tidying up as well.
func (h *house) rest() {
	h.stop()
	require.NoError(h.t, h.working.Wait())
	_, err := h.erasing.Purge(h.t.Context())
	require.NoError(h.t, err)
}

// pause waits, and tells whether ctx has not ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
