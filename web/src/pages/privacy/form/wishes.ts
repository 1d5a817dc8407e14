import type { FormType } from '../../../api/privacy'

/** What people can wish for, in their words. */
export const wishes: Record<FormType, { wish: string; means: (organization: string) => string; done: string }> = {
  erase: {
    wish: 'Delete my data',
    means: (o) => `Everything that ${o} has collected about me goes, and nothing new is collected.`,
    done: 'to delete your data',
  },
  export: {
    wish: 'Give me a copy of my data',
    means: (o) => `Everything that ${o} has collected about me, in one file.`,
    done: 'for a copy of your data',
  },
  restrict: {
    wish: 'Stop using my data',
    means: () => 'It is kept for now, and nobody uses it.',
    done: 'to stop using your data',
  },
}
