// Runs SQL in DuckDB and prints the rows as JSON, everything as text: query.js 'SELECT ...'
import { DuckDBInstance } from '@duckdb/node-api'

const db = await DuckDBInstance.create(':memory:')
const connection = await db.connect()
const result = await connection.runAndReadAll(process.argv[2])
console.log(JSON.stringify(result.getRowObjects(), (_, v) => (typeof v === 'bigint' ? String(v) : v?.toString && typeof v === 'object' && !Array.isArray(v) && v.constructor !== Object ? v.toString() : v)))
