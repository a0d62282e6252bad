<?php

declare(strict_types=1);

namespace Notes;

use RoadRunner\Exception\BadRequestException;
use RoadRunner\Http\Request;

/**
 * What each request is answered with.
 *
 * The object serves many requests, one after the other: nothing of a request is kept in it.
 *
 * @phpstan-type Answer array{int, array<string, mixed>|null, array<string, string>} status, body, headers
 */
final class Api
{
    private const int TITLE_LENGTH = 200;
    private const int BODY_LENGTH = 10_000;
    private const int SEARCH_LENGTH = 200;
    private const int LIMIT = 20;
    private const int MAX_LIMIT = 100;

    public function __construct(private readonly Store $store) {}

    /** @return Answer */
    public function handle(Request $request): array
    {
        try {
            return $this->route($request);
        } catch (BadRequestException $error) {
            return self::error($error->statusCode, $error->getMessage());
        }
    }

    /** @return Answer */
    private function route(Request $request): array
    {
        // HEAD is answered like GET: the server sends the length of the body in place of the body.
        $method = $request->method === 'HEAD' ? 'GET' : $request->method;

        if ($request->path === '/notes') {
            return match ($method) {
                'GET' => $this->list($request),
                'POST' => $this->create($request),
                default => self::methodNotAllowed('GET, HEAD, POST'),
            };
        }
        // Up to 18 digits: any such number is an int.
        if (preg_match('~^/notes/([1-9][0-9]{0,17})$~D', $request->path, $match)) {
            $id = (int) $match[1];
            return match ($method) {
                'GET' => self::note($this->store->find($id)),
                'PUT' => $this->update($request, $id, partial: false),
                'PATCH' => $this->update($request, $id, partial: true),
                'DELETE' => $this->store->delete($id) ? [204, null, []] : self::note(null),
                default => self::methodNotAllowed('GET, HEAD, PUT, PATCH, DELETE'),
            };
        }
        return self::error(404, 'There is nothing at this path');
    }

    /** @return Answer */
    private function list(Request $request): array
    {
        $errors = [];
        $limit = filter_var($request->query('limit', self::LIMIT), FILTER_VALIDATE_INT);
        if ($limit === false || $limit < 1 || $limit > self::MAX_LIMIT) {
            $errors['limit'] = 'must be a number from 1 to ' . self::MAX_LIMIT;
        }
        $offset = filter_var($request->query('offset', 0), FILTER_VALIDATE_INT);
        if ($offset === false || $offset < 0) {
            $errors['offset'] = 'must be a number from 0';
        }
        // A query can have any bytes, and "q[]=" makes an array.
        $search = $request->query('q', '');
        if ($error = self::textError($search, self::SEARCH_LENGTH)) {
            $errors['q'] = $error;
        }
        if ($errors !== []) {
            return self::invalid($errors);
        }
        [$notes, $total] = $this->store->page($search, $limit, $offset);
        return [200, ['notes' => $notes, 'total' => $total, 'limit' => $limit, 'offset' => $offset], []];
    }

    /** @return Answer */
    private function create(Request $request): array
    {
        [$fields, $refusal] = self::fields($request, partial: false);
        if ($refusal) {
            return $refusal;
        }
        $note = $this->store->create($fields['title'], $fields['body']);
        // Without scheme and host: the client's idea of the host is not to be trusted, and a proxy may change both.
        return [201, $note, ['location' => "/notes/$note[id]"]];
    }

    /** @return Answer */
    private function update(Request $request, int $id, bool $partial): array
    {
        [$fields, $refusal] = self::fields($request, $partial);
        if ($refusal) {
            return $refusal;
        }
        if ($fields === []) {
            return self::note($this->store->find($id));
        }
        return self::note($this->store->update($id, $fields['title'] ?? null, $fields['body'] ?? null));
    }

    /**
     * Reads the fields of a note from a request. Fields of other names are ignored, so that a client can send back
     * what it got.
     *
     * @param bool $partial whether fields may be missing; else "body" becomes '' and "title" is required
     *
     * @return array{array{title?: string, body?: string}, Answer|null} the fields, or the answer that refuses them
     *
     * @throws BadRequestException for a body that is not JSON
     */
    private static function fields(Request $request, bool $partial): array
    {
        $type = strtolower(trim(explode(';', $request->header('content-type', ''))[0]));
        if ($type !== 'application/json') {
            $error = 'The content-type must be application/json';
            return [[], [415, ['error' => $error], ['accept' => 'application/json']]];
        }
        $input = $request->json();
        // {} and [] are the same here; both lack a title.
        if (!is_array($input) || ($input !== [] && array_is_list($input))) {
            return [[], self::error(422, 'The body must be a JSON object')];
        }
        $fields = array_intersect_key($input, ['title' => true, 'body' => true]);
        if (!$partial) {
            $fields += ['body' => ''];
        }
        $errors = [];
        if (array_key_exists('title', $fields)) {
            $errors['title'] = self::textError($fields['title'], self::TITLE_LENGTH);
        } elseif (!$partial) {
            $errors['title'] = 'is required';
        }
        if (array_key_exists('body', $fields)) {
            $errors['body'] = self::textError($fields['body'], self::BODY_LENGTH, lines: true);
        }
        if (is_string($fields['title'] ?? null)) {
            $fields['title'] = trim($fields['title']);
            $errors['title'] ??= $fields['title'] === '' ? 'must not be empty' : null;
        }
        $errors = array_filter($errors);
        return $errors === [] ? [$fields, null] : [[], self::invalid($errors)];
    }

    /**
     * Returns what is wrong with a text, null if nothing is.
     *
     * @param int $length most characters
     * @param bool $lines whether it may have line breaks and tabs
     */
    private static function textError(mixed $value, int $length, bool $lines = false): ?string
    {
        if (!is_string($value)) {
            return 'must be a string';
        }
        $control = $lines ? '/[^\P{Cc}\t\r\n]/u' : '/\p{Cc}/u';
        $characters = preg_match_all('/./su', $value);
        return match (true) {
            $characters === false => 'must be valid UTF-8',
            $characters > $length => "must not be longer than $length characters",
            preg_match($control, $value) === 1 => 'must not have control characters',
            default => null,
        };
    }

    /**
     * @param array<string, mixed>|null $note
     *
     * @return Answer
     */
    private static function note(?array $note): array
    {
        return $note ? [200, $note, []] : self::error(404, 'There is no such note');
    }

    /**
     * @param array<string, string> $errors by field
     *
     * @return Answer
     */
    private static function invalid(array $errors): array
    {
        return [422, ['error' => 'Some fields are not valid', 'fields' => $errors], []];
    }

    /** @return Answer */
    private static function methodNotAllowed(string $allowed): array
    {
        return [405, ['error' => 'The method is not allowed here'], ['allow' => $allowed]];
    }

    /** @return Answer */
    private static function error(int $status, string $message): array
    {
        return [$status, ['error' => $message], []];
    }
}
