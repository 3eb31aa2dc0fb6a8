import { engineConformance } from '../conformance/engine.js';
import { lmdbHome, memoryHome } from './homes.js';

engineConformance('memory engine', memoryHome);
engineConformance('lmdb engine', lmdbHome);
