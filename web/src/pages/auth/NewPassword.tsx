import { PasswordInput } from '@mantine/core'

interface NewPasswordProps {
  label?: string
  value: string
  onChange: (password: string) => void
}

/** A password to be chosen. The API takes 10 to 1,024 characters, whichever they are. */
export function NewPassword({ label = 'Password', value, onChange }: NewPasswordProps) {
  return (
    <PasswordInput
      label={label}
      description="10 characters or more. A few words in a row are easy to keep and hard to guess."
      name="new-password"
      autoComplete="new-password"
      required
      minLength={10}
      maxLength={1024}
      value={value}
      onChange={(e) => onChange(e.currentTarget.value)}
    />
  )
}
