import { storeConformance } from '../conformance/store.js';
import { lmdbHome, memoryHome, overlayHome } from './homes.js';

storeConformance('store in memory', memoryHome);
storeConformance('store over lmdb', lmdbHome);
storeConformance('store over an overlay', overlayHome(memoryHome, 60));
storeConformance('store over an overlay of lmdb', overlayHome(lmdbHome, 200));
