import { TextInput } from '@mantine/core'

interface Props {
  /** What is to be typed. */
  name: string
  typed: string
  onTyped: (typed: string) => void
}

/** Has the name typed of what something is done to that should not happen by mistake. */
export function ConfirmName({ name, typed, onTyped }: Props) {
  return (
    <TextInput
      label={
        <>
          Type <strong>{name}</strong> to confirm
        </>
      }
      value={typed}
      onChange={(e) => onTyped(e.currentTarget.value)}
      autoComplete="off"
      data-autofocus
    />
  )
}
