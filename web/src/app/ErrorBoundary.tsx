import { Component, type ReactNode } from 'react'
import { Button, Center, Stack, Text, Title } from '@mantine/core'

/** Shown when the page itself has a fault: says so plainly instead of going blank. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null }

  static getDerivedStateFromError(error: unknown) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override render() {
    if (this.state.error === null) return this.props.children
    return (
      <Center mih="100dvh" p="md" component="main">
        <Stack maw={460} gap="sm">
          <Title order={1}>This page has failed</Title>
          <Text>
            A fault in the dashboard, not in your data: nothing was lost or changed. Loading the page again usually
            helps. If it does not, tell your operator what stands below.
          </Text>
          <Text ff="monospace" fz="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {this.state.error.name}: {this.state.error.message}
          </Text>
          <Button onClick={() => window.location.reload()} w="fit-content">
            Load again
          </Button>
        </Stack>
      </Center>
    )
  }
}
