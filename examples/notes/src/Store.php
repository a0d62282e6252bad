<?php

declare(strict_types=1);

namespace Notes;

use DateTimeImmutable;
use DateTimeZone;
use PDO;
use PDOStatement;
use RuntimeException;

/**
 * Notes in an SQLite database.
 *
 * Each worker has a store, hence a connection, of its own.
 *
 * @phpstan-type Note array{id: int, title: string, body: string, created_at: string, updated_at: string}
 */
final class Store
{
    /** Seconds to wait while another worker writes. */
    private const int BUSY_TIMEOUT = 5;

    private const string COLUMNS = 'id, title, body, created_at, updated_at';

    /** @var array<string, PDOStatement> by SQL; of use only because the worker outlives the request */
    private array $statements = [];

    private function __construct(private readonly PDO $database) {}

    /** Opens the database, and creates it if there is none. */
    public static function open(string $path): self
    {
        $directory = dirname($path);
        // Another worker may create it in between, so what counts is whether it is there in the end.
        if (!is_dir($directory) && !@mkdir($directory, recursive: true) && !is_dir($directory)) {
            throw new RuntimeException("Cannot create the directory $directory");
        }
        // Boots take turns: while one of them changes the journal mode, SQLite fails the others at once, without
        // heeding the timeout. The lock is a file of its own because closing a second descriptor of the database
        // would drop SQLite's locks on it.
        $lock = fopen("$path.lock", 'c');
        if ($lock === false || !flock($lock, LOCK_EX)) {
            throw new RuntimeException("Cannot lock $path.lock");
        }
        try {
            $database = new PDO("sqlite:$path", options: [
                PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
                PDO::ATTR_TIMEOUT => self::BUSY_TIMEOUT,
            ]);
            // With a write-ahead log, readers do not wait for the writer.
            $database->exec('PRAGMA journal_mode = WAL');
            // AUTOINCREMENT: the address of a deleted note never becomes that of another one.
            $database->exec(<<<'SQL'
                CREATE TABLE IF NOT EXISTS notes (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    title TEXT NOT NULL,
                    body TEXT NOT NULL,
                    created_at TEXT NOT NULL,
                    updated_at TEXT NOT NULL
                )
                SQL);
        } finally {
            fclose($lock);
        }
        return new self($database);
    }

    /**
     * Returns a page of the notes, newest first, and how many there are on all pages.
     *
     * @param string $search text that title or body contain; '' for all notes
     *
     * @return array{list<Note>, int}
     */
    public function page(string $search, int $limit, int $offset): array
    {
        $where = '';
        $values = [];
        if ($search !== '') {
            // % and _ stand for themselves here. Not escaped by a backslash, which older PDO takes for an escape of
            // the quote behind it.
            $where = "WHERE title LIKE :pattern ESCAPE '!' OR body LIKE :pattern ESCAPE '!'";
            $values['pattern'] = '%' . strtr($search, ['!' => '!!', '%' => '!%', '_' => '!_']) . '%';
        }
        $columns = self::COLUMNS;
        $notes = $this->run(
            "SELECT $columns FROM notes $where ORDER BY id DESC LIMIT :limit OFFSET :offset",
            [...$values, 'limit' => $limit, 'offset' => $offset],
        );
        $total = $this->run("SELECT count(*) AS total FROM notes $where", $values)[0]['total'];
        return [$notes, $total];
    }

    /** @return Note|null null if there is none of this id */
    public function find(int $id): ?array
    {
        return $this->run('SELECT ' . self::COLUMNS . ' FROM notes WHERE id = :id', ['id' => $id])[0] ?? null;
    }

    /** @return Note */
    public function create(string $title, string $body): array
    {
        return $this->run(
            'INSERT INTO notes (title, body, created_at, updated_at) VALUES (:title, :body, :now, :now)
            RETURNING ' . self::COLUMNS,
            ['title' => $title, 'body' => $body, 'now' => self::now()],
        )[0];
    }

    /**
     * Changes what is not null.
     *
     * One statement, so that two clients who change different fields at the same time both succeed.
     *
     * @return Note|null null if there is none of this id
     */
    public function update(int $id, ?string $title, ?string $body): ?array
    {
        return $this->run(
            'UPDATE notes SET title = coalesce(:title, title), body = coalesce(:body, body), updated_at = :now
            WHERE id = :id RETURNING ' . self::COLUMNS,
            ['id' => $id, 'title' => $title, 'body' => $body, 'now' => self::now()],
        )[0] ?? null;
    }

    /** Returns false if there is no note of this id. */
    public function delete(int $id): bool
    {
        return $this->run('DELETE FROM notes WHERE id = :id RETURNING id', ['id' => $id]) !== [];
    }

    /**
     * Runs one statement and returns all its rows.
     *
     * @param array<string, string|int|null> $values
     *
     * @return list<array<string, mixed>>
     */
    private function run(string $sql, array $values): array
    {
        $statement = $this->statements[$sql] ??= $this->database->prepare($sql);
        foreach ($values as $name => $value) {
            $statement->bindValue($name, $value, match (true) {
                is_int($value) => PDO::PARAM_INT,
                $value === null => PDO::PARAM_NULL,
                default => PDO::PARAM_STR,
            });
        }
        try {
            $statement->execute();
            return $statement->fetchAll();
        } finally {
            // The statement lives on: left open after an error, it would keep its lock into the next requests.
            $statement->closeCursor();
        }
    }

    /** The time as "2025-12-31T23:59:59.123Z". */
    private static function now(): string
    {
        return (new DateTimeImmutable('now', new DateTimeZone('UTC')))->format('Y-m-d\TH:i:s.v\Z');
    }
}
