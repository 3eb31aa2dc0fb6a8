/** What ends writing and what does not, over a whole database on a simulated disk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulatedDatabase } from '../support/databases.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
