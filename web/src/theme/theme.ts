import {
  createTheme,
  defaultVariantColorsResolver,
  type CSSVariablesResolver,
  type MantineColorsTuple,
} from '@mantine/core'
import { tokens, type Tokens } from './tokens'

// The component library wants ten shades of each colour. It takes the shades named in primaryShade from them; surfaces and
// texts come from the variables below.
const aurora: MantineColorsTuple = [
  '#e6fbf6',
  '#c9f5ea',
  '#9eedda',
  '#7be9d2',
  '#4fe0c2',
  '#2cc5a8',
  '#1aa68d',
  '#128775',
  '#0b7568',
  '#095e54',
]
const ink: MantineColorsTuple = [
  '#e9eefa',
  '#c3cde2',
  '#a9b6d1',
  '#8b9bbd',
  '#5a6d98',
  '#243150',
  '#18233b',
  '#111a2e',
  '#0b1222',
  '#080e1b',
]
// Fields, boxes and radios take their outlines from shade 4: it is the token lineStrong, as in ink.
const paper: MantineColorsTuple = [
  '#fbf8f2',
  '#f6f1e7',
  '#efe8da',
  '#e2d9c6',
  tokens.light.lineStrong,
  '#77705f',
  '#5f6577',
  '#4f5769',
  '#343b4c',
  '#1c2333',
]

export const theme = createTheme({
  primaryColor: 'aurora',
  primaryShade: { dark: 4, light: 8 },
  autoContrast: true,
  colors: { aurora, dark: ink, gray: paper },
  black: tokens.light.text,
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, monospace",
  headings: {
    fontFamily: "'Inter Variable', system-ui, sans-serif",
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.5rem', lineHeight: '1.25' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.35' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  fontSizes: { xs: '0.75rem', sm: '0.875rem', md: '0.9375rem', lg: '1.0625rem', xl: '1.25rem' },
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '12px', xl: '16px' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'auto',
  components: {
    Button: { defaultProps: { size: 'sm' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Tooltip: { defaultProps: { openDelay: 300, events: { hover: true, focus: true, touch: false } } },
    Modal: { defaultProps: { centered: true, closeButtonProps: { 'aria-label': 'Close' } } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    Drawer: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } },
    // What need not be filled in is the exception, and says so.
    InputWrapper: { defaultProps: { withAsterisk: false } },
    Select: { defaultProps: { checkIconPosition: 'right' } },
  },
  variantColorResolver(input) {
    const found = defaultVariantColorsResolver(input)
    // Quiet icon buttons and menu items take the colour of quiet text, whichever theme.
    if (input.color === 'gray' && (input.variant === 'subtle' || input.variant === 'transparent')) {
      return { ...found, color: 'var(--obs-muted)', hover: 'var(--obs-hover)' }
    }
    if ((input.color === undefined || input.color === 'aurora') && input.variant === 'filled') {
      return { ...found, color: 'var(--obs-accent-ink)' }
    }
    if (input.color === 'loss') {
      return input.variant === 'filled'
        ? {
            background: 'var(--obs-loss)',
            hover: 'var(--obs-loss)',
            color: 'var(--obs-loss-ink)',
            border: '1px solid transparent',
          }
        : {
            background: 'transparent',
            hover: 'var(--obs-loss-soft)',
            color: 'var(--obs-loss)',
            border: '1px solid transparent',
          }
    }
    return found
  },
})

function variablesOf(t: Tokens): Record<string, string> {
  return {
    '--obs-bg': t.bg,
    '--obs-sunken': t.sunken,
    '--obs-surface': t.surface,
    '--obs-raised': t.raised,
    '--obs-line': t.line,
    '--obs-line-strong': t.lineStrong,
    '--obs-text': t.text,
    '--obs-muted': t.muted,
    '--obs-faint': t.faint,
    '--obs-accent': t.accent,
    '--obs-accent-hover': t.accentHover,
    '--obs-accent-ink': t.accentInk,
    '--obs-accent-soft': t.accentSoft,
    '--obs-attention': t.attention,
    '--obs-attention-soft': t.attentionSoft,
    '--obs-loss': t.loss,
    '--obs-loss-ink': t.lossInk,
    '--obs-loss-soft': t.lossSoft,
    '--obs-hover': `color-mix(in srgb, ${t.text} 7%, transparent)`,
    '--obs-series-1': t.series[0] ?? t.text,
    '--mantine-color-body': t.bg,
    '--mantine-color-text': t.text,
    '--mantine-color-bright': t.text,
    '--mantine-color-dimmed': t.muted,
    '--mantine-color-placeholder': t.faint,
    '--mantine-color-anchor': t.accent,
    '--mantine-color-error': t.loss,
    '--mantine-color-success': t.accent,
    '--mantine-color-default': t.surface,
    '--mantine-color-default-hover': t.raised,
    '--mantine-color-default-color': t.text,
    '--mantine-color-default-border': t.lineStrong,
    '--mantine-color-disabled': t.sunken,
    '--mantine-color-disabled-color': t.faint,
    '--mantine-color-disabled-border': t.line,
    '--mantine-color-aurora-filled': t.accent,
    '--mantine-color-aurora-filled-hover': t.accentHover,
    '--mantine-color-aurora-light': t.accentSoft,
    '--mantine-color-aurora-light-hover': t.accentSoft,
    '--mantine-color-aurora-light-color': t.accent,
    '--mantine-color-aurora-outline': t.accent,
    '--mantine-color-aurora-text': t.accent,
    '--mantine-primary-color-contrast': t.accentInk,
  }
}

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  dark: variablesOf(tokens.dark),
  light: variablesOf(tokens.light),
})
