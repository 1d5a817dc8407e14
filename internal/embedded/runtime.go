package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/observatory/observatory/internal/fault"
)

// FindRuntime returns the folder that holds the engines when none is configured: .runtime in the current folder or,
// failing that, beside the folder of the binary (bin/observatory finds .runtime next to bin). When neither exists it
// returns the first, so that the complaint names the place where people look.
func FindRuntime() string {
	here, err := filepath.Abs(".runtime")
	if err != nil {
		here = ".runtime"
	}
	candidates := []string{here}
	if exe, err := os.Executable(); err == nil {
		candidates = append(candidates, filepath.Join(filepath.Dir(filepath.Dir(exe)), ".runtime"))
	}
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
			return dir
		}
	}
	return here
}

// clickHouseLibrary is the path of libchdb in the runtime folder.
func clickHouseLibrary(runtimeDir string) (string, error) {
	platform := npmPlatform()
	if runtime.GOOS == "linux" {
		platform += "-gnu"
	}
	return enginePath(runtimeDir, "ClickHouse", "OBSERVATORY_CLICKHOUSE_URL", "@chdb/lib-"+platform, "libchdb.so")
}

// postgresHome is the folder with bin, lib and share of PostgreSQL in the runtime folder.
func postgresHome(runtimeDir string) (string, error) {
	pkg := "@embedded-postgres/" + npmPlatform()
	bin, err := enginePath(runtimeDir, "PostgreSQL", "OBSERVATORY_POSTGRES_URL", pkg, "native", "bin", "postgres")
	if err != nil {
		return "", err
	}
	home := filepath.Dir(filepath.Dir(bin))
	return home, linkLibraries(filepath.Dir(home))
}

func enginePath(runtimeDir, engine, variable, pkg string, rest ...string) (string, error) {
	path := filepath.Join(append([]string{runtimeDir, "node_modules", filepath.FromSlash(pkg)}, rest...)...)
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("resolve the runtime folder: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return "", fault.New(ErrEngineMissing.Kind, ErrEngineMissing.Code,
			"%s is not installed: %s has no package %s. Run `make runtime`, or set %s to a server of your own.",
			engine, runtimeDir, pkg, variable).Because(err)
	}
	return path, nil
}

// npmPlatform names this platform as npm packages do.
func npmPlatform() string {
	arch := runtime.GOARCH
	if arch == "amd64" {
		arch = "x64"
	}
	return runtime.GOOS + "-" + arch
}

// linkLibraries makes the symbolic links that PostgreSQL's libraries need. npm archives carry no links, so the package
// lists them and makes them in an install script, which npm runs only where it is allowed to.
func linkLibraries(pkg string) error {
	text, err := os.ReadFile(filepath.Join(pkg, "native", "pg-symlinks.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // this platform needs none
	}
	if err != nil {
		return fmt.Errorf("read PostgreSQL's list of links: %w", err)
	}
	var links []struct{ Source, Target string } // Target is the link, Source is what it points to
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read PostgreSQL's list of links: %w", err)
	}
	for _, l := range links {
		link := filepath.Join(pkg, filepath.FromSlash(l.Target))
		if _, err := os.Lstat(link); err == nil {
			continue
		}
		to, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return fmt.Errorf("link %s: %w", l.Target, err)
		}
		if err := os.Symlink(to, link); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("link PostgreSQL's libraries: %w", err)
		}
	}
	return nil
}
