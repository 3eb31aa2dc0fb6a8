import { engineConformance } from '../conformance/engine.js';
import { lmdbHome, memoryHome, overlayHome } from './homes.js';

engineConformance('memory engine', memoryHome);
engineConformance('lmdb engine', lmdbHome);
engineConformance('overlay over memory', overlayHome(memoryHome, 12));
engineConformance('overlay that hands on late', overlayHome(memoryHome, 10_000));
engineConformance('overlay over lmdb', overlayHome(lmdbHome, 5));
