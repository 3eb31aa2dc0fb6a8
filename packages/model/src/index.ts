export * from './brand.js';
export * from './errors.js';
export * from './record.js';
export * from './result.js';
