// Node: @duckdb/node-api, read-only. Says what clients/trial.py says, in the same JSON.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance, version } from '@duckdb/node-api';

const [way, file, stop] = process.argv.slice(2);
const LOOK =
  'select distinct kpi_value from fct_kpi_status ' +
  'union select distinct kpi_value from fct_kpi_values';
const PAUSE = 20;

async function opened() {
  const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  return {
    look: async () => (await connection.runAndReadAll(LOOK)).getRows().map(([value]) => value),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const same = (one, other) => one.length === 1 && other.length === 1 && one[0] === other[0];
const told = { duckdb: version(), reads: 0, torn: 0, errors: [] };

let said = false;
function sayOnce() {
  if (!said) console.log('looking');
  said = true;
}

async function tried(work) {
  try {
    await work();
  } catch (error) {
    const text = String(error).slice(0, 300);
    if (!told.errors.includes(text)) told.errors.push(text);
  }
}

if (way === 'reopen') {
  const seen = new Set();
  while (!existsSync(stop)) {
    await tried(async () => {
      const client = await opened();
      for (let at = 0; at < 2; at += 1) {
        const found = await client.look();
        told.reads += 1;
        if (found.length !== 1) told.torn += 1;
        found.forEach((value) => seen.add(value));
        sayOnce();
        await sleep(PAUSE);
      }
      client.close();
    });
    sayOnce();
  }
  told.seen = seen.size;
} else {
  const client = await opened();
  const first = await client.look();
  sayOnce();
  while (!existsSync(stop)) {
    await tried(async () => {
      const found = await client.look();
      told.reads += 1;
      if (!same(found, first)) told.torn += 1;
    });
    await sleep(PAUSE);
  }
  const second = await opened();
  told.new_beside_the_old = !same(await second.look(), first);
  second.close();
  client.close();
  const third = await opened();
  told.new_after_closing = !same(await third.look(), first);
  third.close();
}
console.log(JSON.stringify(told));
