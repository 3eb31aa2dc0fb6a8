/** What a record names, each with how it names it: the edges of a trace. */
import type { RecordContent, RecordId, TraceEdge } from '@stemedb/model';

export interface Reference {
  readonly to: RecordId;
  readonly type: TraceEdge['type'];
}

const named = (type: Reference['type'], to: RecordId | undefined): readonly Reference[] =>
  to === undefined ? [] : [{ to, type }];

export const referencesOf = (content: RecordContent): readonly Reference[] => {
  switch (content.kind) {
    case 'assertion': {
      const { source, derived_from: premises = [], parent, epoch } = content;
      return [
        ...named('source', source),
        ...premises.map((to): Reference => ({ to, type: 'derived_from' })),
        ...named('parent', parent),
        ...named('epoch', epoch),
      ];
    }
    case 'attestation':
    case 'vote':
    case 'verdict':
      return named('target', content.target);
    case 'supersession':
      return [...named('target', content.target), ...named('replacement', content.replacement)];
    case 'epoch':
      return (content.supersedes ?? []).map((to) => ({ to, type: 'supersedes' }));
    case 'source':
    case 'alias':
    case 'policy':
      return [];
  }
};
