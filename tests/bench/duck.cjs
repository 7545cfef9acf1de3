// One of the questions of run.sh, put to DuckDB: duck.cjs QUESTION FILE THREADS. It
// is told which columns to read, which is the fastest that it can be asked.
const { DuckDBInstance } = require('@duckdb/node-api');

const [question, file, threads] = process.argv.slice(2);
const events = `read_json('${file}', format = 'newline_delimited',
	columns = { type: 'VARCHAR', stage: 'VARCHAR', duration_ms: 'DOUBLE',
		metadata: 'STRUCT(prompt_tokens BIGINT)' })`;
const questions = {
	count: `select count(*) from ${events} where type = 'task_failed'`,
	over: `select * from ${events} where duration_ms > 8900`,
	by: `select stage, count(*), avg(duration_ms), sum(metadata.prompt_tokens)
		from ${events} group by stage`,
};

(async () => {
	const db = await DuckDBInstance.create(':memory:', { threads });
	const connection = await db.connect();
	const result = await connection.runAndReadAll(questions[question]);
	for (const row of result.getRows())
		console.log(String(row));
})();
