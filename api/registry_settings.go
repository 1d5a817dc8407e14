package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/fault"
)

// What is set for a subject, or for all of them: the level of compatibility, whether to normalise, and the mode.

// registryConfig is what is set, under the names that the API uses when it is read.
type registryConfig struct {
	Level     *schema.Level `json:"compatibilityLevel,omitempty"`
	Normalize *bool         `json:"normalize,omitempty"`
}

// registryConfigChange is what is to be set, under the names that the API uses then. A deletion answers with both.
type registryConfigChange struct {
	Level     *schema.Level `json:"compatibility,omitempty"`
	Normalize *bool         `json:"normalize,omitempty"`
}

func (s *server) registryConfig(c echo.Context) error {
	subject, set, err := s.settingsInPath(c)
	if err != nil {
		return err
	}
	if set.Level == nil && set.Normalize == nil && subject != schema.Everything {
		return schema.ErrLevelNotSet
	}
	if set.Level == nil && (subject == schema.Everything || isTrue(c, "defaultToGlobal")) {
		set.Level = new(schema.DefaultLevel)
	}
	return registryJSON(c, http.StatusOK, registryConfig{set.Level, set.Normalize})
}

// settingsInPath are the settings of the subject in the path, or of all. With defaultToGlobal a subject has those of all
// where it has none of its own.
func (s *server) settingsInPath(c echo.Context) (subject string, set schema.Settings, err error) {
	if subject, err = registrySubject(c); err != nil {
		return "", set, err
	}
	inherit := isTrue(c, "defaultToGlobal")
	set, err = s.deps.Schemas.Settings(c.Request().Context(), callOf(c).principal.Tenant, subject, inherit)
	if inherit && set.Level == nil {
		set.Level = new(schema.DefaultLevel)
	}
	return subject, set, err
}

// notSupported are members of a configuration that change what a registry does, and that this one does not have.
type notSupported struct {
	Alias            any `json:"alias"`
	Group            any `json:"compatibilityGroup"`
	DefaultMetadata  any `json:"defaultMetadata"`
	OverrideMetadata any `json:"overrideMetadata"`
	DefaultRuleSet   any `json:"defaultRuleSet"`
	OverrideRuleSet  any `json:"overrideRuleSet"`
}

func (n notSupported) check() error {
	if n != (notSupported{}) {
		return fault.New(fault.Invalid, codeNotKept, "This registry has no aliases, groups, metadata or rule sets. Leave them out.")
	}
	return nil
}

func (s *server) registrySetConfig(c echo.Context) error {
	subject, err := registrySubject(c)
	if err != nil {
		return err
	}
	var sent struct {
		Level     *string `json:"compatibility"`
		Normalize *bool   `json:"normalize"`
		notSupported
	}
	if err := s.readRegistry(c, &sent); err != nil {
		return err
	}
	if err := sent.check(); err != nil {
		return err
	}
	var level *schema.Level
	if sent.Level != nil {
		parsed, err := schema.ParseLevel(*sent.Level)
		if err != nil {
			return err
		}
		level = &parsed
	}
	if level == nil && sent.Normalize == nil {
		return schema.ErrLevelUnknown
	}
	_, err = s.deps.Schemas.ChangeSettings(c.Request().Context(), callOf(c).by(), subject, func(set schema.Settings) (schema.Settings, error) {
		if level != nil {
			set.Level = level
		}
		if sent.Normalize != nil {
			set.Normalize = sent.Normalize
		}
		return set, nil
	})
	if err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, registryConfigChange{level, sent.Normalize})
}

func (s *server) registryUnsetConfig(c echo.Context) error {
	subject, err := registrySubject(c)
	if err != nil {
		return err
	}
	before, err := s.deps.Schemas.ChangeSettings(c.Request().Context(), callOf(c).by(), subject, func(set schema.Settings) (schema.Settings, error) {
		if set.Level == nil && set.Normalize == nil && subject != schema.Everything {
			return set, schema.ErrLevelNotSet
		}
		set.Level, set.Normalize = nil, nil
		return set, nil
	})
	if err != nil {
		return err
	}
	if before.Level == nil && subject == schema.Everything {
		before.Level = new(schema.DefaultLevel)
	}
	return registryJSON(c, http.StatusOK, struct {
		registryConfigChange
		Was *schema.Level `json:"compatibilityLevel,omitempty"`
	}{registryConfigChange{before.Level, before.Normalize}, before.Level})
}

type registryMode struct {
	Mode schema.Mode `json:"mode"`
}

func (s *server) registryMode(c echo.Context) error {
	subject, set, err := s.settingsInPath(c)
	if err != nil {
		return err
	}
	switch {
	case set.Mode != nil:
		return registryJSON(c, http.StatusOK, registryMode{*set.Mode})
	case subject != schema.Everything && !isTrue(c, "defaultToGlobal"):
		return schema.ErrModeNotSet
	}
	return registryJSON(c, http.StatusOK, registryMode{schema.ReadWrite})
}

func (s *server) registrySetMode(c echo.Context) error {
	var sent registryMode
	if err := s.readRegistry(c, &sent); err != nil {
		return err
	}
	mode, err := schema.ParseMode(string(sent.Mode))
	if err != nil {
		return err
	}
	if _, err := s.changeMode(c, func(*schema.Mode) (*schema.Mode, error) { return &mode, nil }); err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, registryMode{mode})
}

func (s *server) registryUnsetMode(c echo.Context) error {
	before, err := s.changeMode(c, func(before *schema.Mode) (*schema.Mode, error) {
		if before == nil && c.Param("subject") != "" {
			return nil, schema.ErrModeNotSet
		}
		return nil, nil //nolint:nilnil // not set
	})
	if err != nil {
		return err
	}
	was := schema.ReadWrite
	if before.Mode != nil {
		was = *before.Mode
	}
	return registryJSON(c, http.StatusOK, registryMode{was})
}

func (s *server) changeMode(c echo.Context, change func(before *schema.Mode) (*schema.Mode, error)) (before schema.Settings, err error) {
	subject, err := registrySubject(c)
	if err != nil {
		return before, err
	}
	return s.deps.Schemas.ChangeSettings(c.Request().Context(), callOf(c).by(), subject, func(set schema.Settings) (schema.Settings, error) {
		var err error
		set.Mode, err = change(set.Mode)
		return set, err
	})
}
