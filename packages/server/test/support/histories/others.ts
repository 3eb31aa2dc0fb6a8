/** Everything but claims and sources: what is said about records, and who may say it. */
import { defaultPolicyTable, type PolicyTable } from '@stemedb/model';
import {
  assertedAt,
  attestationOf,
  authors,
  type Draft,
  draftOf,
  everybody,
  type Fields,
  firstPolicy,
  judge,
  paths,
  steward,
  stranger,
} from './cast.js';
import { claimDraft, type Making } from './claims.js';
import { someoneAbout } from './pools.js';

/** A realm now and then; histories are played where none is asked for. */
const governed = ({ random, wallMs }: Making): Fields => ({
  asserted_at: assertedAt(random, wallMs),
  ...(random.chance(0.05) ? { realm: 'sandbox' } : {}),
});

const voteOn = (making: Making, target: Draft, voter = making.random.pick(everybody)): Draft => {
  const weight = making.random.pick([-1, -0.5, 0, 0.25, 0.5, 1, 1]);
  return draftOf('vote', voter, { target: target.id, weight, ...governed(making) });
};

export const voteDraft = (making: Making): Draft => {
  const target = making.pools.some('assertion');
  return target === undefined ? claimDraft(making) : voteOn(making, target);
};

/** One voter on many claims: of one value they count once. */
export const eagerVoterDrafts = (making: Making): readonly Draft[] => {
  const voter = making.random.pick(everybody);
  const recent = making.pools.of('assertion').slice(-8);
  return recent.map((target) => voteOn(making, target, voter));
};

export const verdictDraft = (making: Making): Draft => {
  const { random, pools } = making;
  const target = pools.some('assertion');
  if (target === undefined) return claimDraft(making);
  const author = random.chance(0.7) ? judge : random.pick(everybody);
  const outcome = random.pick(['accurate', 'inaccurate']);
  return draftOf('verdict', author, { target: target.id, outcome, ...governed(making) });
};

/** Others sign a claim, and it is judged: the verdict is theirs as well. */
export const judgedTogetherDrafts = (making: Making): readonly Draft[] => {
  const { random, pools, wallMs } = making;
  const target = pools.some('assertion');
  if (target === undefined) return [];
  const outcome = random.pick(['accurate', 'inaccurate']);
  const fields = { target: target.id, outcome, asserted_at: wallMs };
  const signed = attestationOf(random.pick(everybody), target);
  return [signed, draftOf('verdict', judge, fields), attestationOf(random.pick(everybody), target)];
};

/** Somebody signs another's record. */
export const coSigningDraft = (making: Making): Draft => {
  const { random, pools } = making;
  const target = random.chance(0.85) ? pools.some('assertion') : pools.some('source');
  if (target === undefined) return claimDraft(making);
  return attestationOf(random.pick(everybody), target);
};

/** The first epochs stand alone; a later one supersedes an earlier one, rightly or not. */
export const epochDraft = (making: Making): Draft => {
  const { random, pools } = making;
  const name = `era ${random.below(1000)}`;
  const older = pools.some('epoch');
  if (older === undefined || random.chance(0.35)) {
    return draftOf('epoch', random.pick(authors), { name, ...governed(making) });
  }
  const supersedes = [...new Set([older.id, pools.some('epoch')?.id ?? older.id])];
  const author = random.chance(0.5) ? someoneAbout(random, older) : random.pick([stranger, judge]);
  return draftOf('epoch', author, { name, supersedes, ...governed(making) });
};

export const aliasDraft = (making: Making): Draft => {
  const { random } = making;
  const one = random.pick(paths);
  const other = random.pick(paths.filter((path) => path !== one));
  const [a = '', b = ''] = [one, other].sort((x, y) =>
    Buffer.compare(Buffer.from(x), Buffer.from(y)),
  );
  const author = random.chance(0.4) ? steward : random.pick([stranger, ...authors]);
  return draftOf('alias', author, { a, b, reason: `r${random.below(99)}`, ...governed(making) });
};

const supersedable = ['source', 'epoch', 'alias', 'alias', 'vote', 'vote', 'verdict'] as const;

const someTarget = ({ random, pools }: Making): Draft | undefined => {
  const dice = random.fraction();
  if (dice < 0.3) return pools.some('assertion');
  if (dice < 0.5) return pools.somePremise();
  if (dice < 0.95) return pools.some(random.pick(supersedable));
  // Supersessions and policies stay as they are, whatever is said about them.
  return pools.any();
};

const superseding = (making: Making, target: Draft, fields: Fields): Draft => {
  const author = someoneAbout(making.random, target);
  const reason = `because ${making.random.below(100_000)}`;
  const content = { target: target.id, reason, ...fields, ...governed(making) };
  return draftOf('supersession', author, content);
};

export const supersessionDraft = (making: Making): Draft => {
  const { random, pools } = making;
  const target = someTarget(making);
  if (target === undefined) return claimDraft(making);
  const action = random.pick(['retract', 'retract', 'replace', 'restore']);
  if (action !== 'replace') return superseding(making, target, { action });
  const replacement = pools.some(target.kind);
  if (replacement === undefined || replacement.id === target.id) {
    return superseding(making, target, { action: 'retract' });
  }
  return superseding(making, target, { action, replacement: replacement.id });
};

/** One of what was superseded before is spoken of again: the last word counts. */
export const secondThoughtDraft = (making: Making): Draft => {
  const { random, pools } = making;
  const earlier = pools.some('supersession');
  if (earlier === undefined) return supersessionDraft(making);
  const { target, action } = earlier.content;
  const first = [...pools.of('assertion'), ...supersedable.flatMap((kind) => pools.of(kind))].find(
    (draft) => draft.id === target,
  );
  if (first === undefined) return supersessionDraft(making);
  const opposite = action === 'restore' ? 'retract' : 'restore';
  return superseding(making, first, { action: random.chance(0.8) ? opposite : 'retract' });
};

/** A is replaced by B and B by A: A is in. */
export const thereAndBackDrafts = (making: Making): readonly Draft[] => {
  const { pools, random } = making;
  const [a, b] = [pools.some('assertion'), pools.some('assertion')];
  if (a === undefined || b === undefined || a.id === b.id) return [];
  const said = (from: Draft, to: Draft): Draft =>
    draftOf('supersession', random.chance(0.7) ? steward : from.author, {
      target: from.id,
      action: 'replace',
      replacement: to.id,
      reason: `because ${random.below(100_000)}`,
      asserted_at: making.wallMs,
    });
  return [said(a, b), said(b, a)].filter((draft) => everybody.includes(draft.author));
};

/** Tables that differ where the reader looks: rights, verdict agents, classes, trust. */
const someTable = ({ random }: Making): PolicyTable => ({
  ...firstPolicy,
  governance: random.pick(['owner', 'owner', 'open', 'steward']),
  stewards: random.pick([[steward], [steward], [], [stranger]]),
  verdict_agents: random.pick([[judge], [judge], [], [judge, stranger]]),
  trust: random.pick([
    defaultPolicyTable.trust,
    { initial: 0.4, accurate: 0.2, inaccurate: -0.3, half_life_days: 10 },
  ]),
  ...(random.chance(0.3)
    ? {
        class_mode: 'granted' as const,
        grants: [{ agent_id: random.pick(authors), class: 'clinical' }],
      }
    : {}),
});

export const policyDraft = (making: Making): Draft => {
  const { schemes, ...rest } = someTable(making);
  const table = { ...rest, schemes } as unknown as Fields;
  const asserted_at = assertedAt(making.random, making.wallMs);
  return draftOf('policy', making.node, { ...table, asserted_at }, { byNode: true });
};
