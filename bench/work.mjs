// The claims and questions that every system gets, so that the work is the same.

/** Claims of one (concept, predicate) pair that a question resolves. */
export const candidatesPerConcept = 20;

/** Concepts below one prefix, which a browsing question returns together. */
export const conceptsPerPrefix = 20;

/** Agents who sign; each of the candidates of a pair is another one's. */
export const agentsCount = 20;

/** The one predicate of all claims. */
export const predicate = 'replicated';

/** The concept with many claims for the lens that shows all values. */
export const skepticConcept = 'bench/skeptic';

/** What a value repeats so that a claim takes 1 KiB. */
export const fillingSentence = 'The cluster keeps two copies of every claim on two machines. ';
export const fillingCount = 12;
const filling = fillingSentence.repeat(fillingCount);
/** The author's time of the first claim that competes for a concept. */
export const timeMs = 1_700_000_000_000;
export const sourcePrefix = 'https://example.org/bench/source/';
export const sourcesCount = 1_000;
/** Values among the candidates of a pair. */
export const competingValues = 5;
/** So many that no pair grows long. */
const statedConcepts = 50_000;

/** A text of about 750 bytes that is different for each number, so that a claim takes 1 KiB. */
export function claimText(number) {
  return `${number}: ${filling}`;
}

/** A claim to write that nobody wrote before: the number makes it so. */
export function statedClaim(number) {
  const concept_path = `bench/stated/${number % statedConcepts}`;
  return { concept_path, predicate, value: claimText(number) };
}

/** The concept of the question with this number. */
export function askedConcept(number) {
  return `${askedPrefix(Math.floor(number / conceptsPerPrefix))}/${number % conceptsPerPrefix}`;
}

/** What the concepts of a browsing question have in common. */
export function askedPrefix(number) {
  return `bench/asked/${number}`;
}

/** A concept that is written to and asked about at once. */
export function mixedConcept(number) {
  return `bench/mixed/${number}`;
}

/** One of the claims that compete for a concept: few values, a source and a time of its own. */
export function candidate(concept_path, number) {
  const value = claimText(number % competingValues);
  const source_uri = `${sourcePrefix}${number % sourcesCount}`;
  return { concept_path, predicate, value, source_uri, asserted_at: timeMs + number };
}

/** The concept of a question to a database of many claims. */
export function sizedConcept(number) {
  return `bench/sized/${number}`;
}

/**
 * The claim with this number of those that make a database grow from `from` claims to `to`. The
 * candidates of a pair lie as far apart in the log as the step allows, not side by side.
 */
export function sizedClaim(number, from, to) {
  const pairs = (to - from) / candidatesPerConcept;
  const concept = from / candidatesPerConcept + ((number - from) % pairs);
  return candidate(sizedConcept(concept), number);
}
