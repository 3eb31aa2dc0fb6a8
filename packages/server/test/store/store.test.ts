import { storeConformance } from '../conformance/store.js';
import { lmdbHome, memoryHome } from './homes.js';

storeConformance('store in memory', memoryHome);
storeConformance('store over lmdb', lmdbHome);
