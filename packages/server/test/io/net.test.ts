import { systemNet } from '../../src/io/system_net.js';
import { netConformance } from '../conformance/net.js';

netConformance('system', () => systemNet);
