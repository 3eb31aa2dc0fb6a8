/** The bounds of a trace: it is one answer without pages, some 3 MiB at the most. */

/** Steps up and down; premises are followed no further elsewhere. */
export const traceDepthMax = 64;

/** Records of one trace. */
export const traceNodesMax = 1000;
