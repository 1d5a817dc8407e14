package schema

import (
	"context"
	"strconv"

	"github.com/observatory/observatory/tenants"
)

// Mode says whether a subject may be changed.
type Mode string

// The modes.
const (
	ReadWrite Mode = "READWRITE"
	ReadOnly  Mode = "READONLY"
)

// ParseMode reads a mode, or returns ErrModeUnknown.
func ParseMode(text string) (Mode, error) {
	switch m := Mode(text); m {
	case ReadWrite, ReadOnly:
		return m, nil
	}
	return "", ErrModeUnknown
}

// Settings are what is set for one subject, or for all that have none of their own. nil is not set.
type Settings struct {
	Level     *Level
	Normalize *bool // whether texts are brought into their canonical form before they are registered
	Mode      *Mode
}

// IsZero tells whether nothing is set.
func (s Settings) IsZero() bool { return s == Settings{} }

// over fills in what is not set from other settings.
func (s Settings) over(general Settings) Settings {
	if s.Level == nil {
		s.Level = general.Level
	}
	if s.Normalize == nil {
		s.Normalize = general.Normalize
	}
	if s.Mode == nil {
		s.Mode = general.Mode
	}
	return s
}

func (s Settings) level() Level {
	if s.Level == nil {
		return DefaultLevel
	}
	return *s.Level
}

func (s Settings) normalizes() bool { return s.Normalize != nil && *s.Normalize }

func (s Settings) writable() error {
	if s.Mode != nil && *s.Mode == ReadOnly {
		return ErrReadOnly
	}
	return nil
}

// inForce are the settings that a subject obeys.
func inForce(ctx context.Context, tx SettingRows, subject string) (Settings, error) {
	own, err := tx.Settings(ctx, subject)
	if err != nil || subject == "" {
		return own, err
	}
	general, err := tx.Settings(ctx, "")
	return own.over(general), err
}

// Everything is the name under which the settings for all subjects are kept.
const Everything = ""

// Settings are what is set for a subject, or for Everything. With inherit, what a subject has not set is what it gets
// from Everything.
func (r *Registry) Settings(ctx context.Context, tenant tenants.ID, subject string, inherit bool) (s Settings, err error) {
	if err := checkSettingsSubject(subject); err != nil {
		return s, err
	}
	err = r.store.Tenant(ctx, tenant, func(tx Tx) (err error) {
		if inherit {
			s, err = inForce(ctx, tx, subject)
		} else {
			s, err = tx.Settings(ctx, subject)
		}
		return err
	})
	return s, err
}

// ChangeSettings lets change look at what is set for a subject, or for Everything, and say what is to be set from now on.
// The result is what was set before.
func (r *Registry) ChangeSettings(ctx context.Context, by tenants.By, subject string, change func(before Settings) (Settings, error)) (before Settings, err error) {
	if err := checkSettingsSubject(subject); err != nil {
		return before, err
	}
	err = r.change(ctx, by, func(tx Tx) error {
		if before, err = tx.Settings(ctx, subject); err != nil {
			return err
		}
		after, err := change(before)
		if err != nil {
			return err
		}
		size, err := tx.Size(ctx)
		if err != nil {
			return err
		}
		if before.IsZero() && !after.IsZero() && size.Settings >= MaxSettings {
			return full("%d subjects have settings of their own, which is the limit.", MaxSettings)
		}
		if err := tx.SetSettings(ctx, subject, after); err != nil {
			return err
		}
		return tx.Audit(ctx, r.entry(by, "schema_settings.changed", subject, tenants.Details{
			"compatibility": orNotSet(after.Level), "compatibility_before": orNotSet(before.Level),
			"mode": orNotSet(after.Mode), "mode_before": orNotSet(before.Mode),
			"normalize": orNotSet(after.Normalize), "normalize_before": orNotSet(before.Normalize),
		}))
	})
	return before, err
}

func checkSettingsSubject(subject string) error {
	if subject == Everything {
		return nil
	}
	return CheckSubject(subject)
}

func orNotSet[T Level | Mode | bool](value *T) string {
	if value == nil {
		return "not set"
	}
	switch v := any(*value).(type) {
	case bool:
		return strconv.FormatBool(v)
	case Level:
		return string(v)
	case Mode:
		return string(v)
	}
	return ""
}
