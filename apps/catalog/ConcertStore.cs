using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapper;
using Npgsql;

namespace ConcertDapr.Catalog;

/// <summary>Concerts, their dates and sections in Postgres.</summary>
internal sealed class ConcertStore(Database database)
{
    /// <summary>Concerts with ids above <paramref name="after"/>, in order of id.</summary>
    public async Task<ConcertPage> PageAsync(long after, int limit)
    {
        await using var connection = await database.OpenAsync();
        var rows = (await connection.QueryAsync<ConcertRow>(
            "SELECT id, title, artist, venue, sale_opens_at FROM concerts WHERE id > @after ORDER BY id LIMIT @limit", new { after, limit })).AsList();
        var shows = await ShowsAsync(connection, rows.ConvertAll(r => r.Id));
        return new ConcertPage(rows.ConvertAll(r => r.ToResponse(shows[r.Id])), rows.Count == limit ? rows[^1].Id : null);
    }

    /// <summary>One concert, or null.</summary>
    public async Task<ConcertResponse?> FindAsync(ConcertId concert)
    {
        await using var connection = await database.OpenAsync();
        return await FindAsync(connection, concert);
    }

    /// <summary>A show's plan, or null.</summary>
    public async Task<ShowLayout?> LayoutAsync(ShowId show)
    {
        await using var connection = await database.OpenAsync();
        var at = await connection.QuerySingleOrDefaultAsync<ShowRow>(
            "SELECT s.id, s.concert_id, s.starts_at, c.sale_opens_at FROM shows s JOIN concerts c ON c.id = s.concert_id WHERE s.id = @Value", new { show.Value });
        if (at is null) return null;
        var rows = await connection.QueryAsync<SectionRow>(
            "SELECT name, grade, price, seat_rows, seats_per_row FROM sections WHERE concert_id = @Concert_Id ORDER BY ordinal", new { at.Concert_Id });
        var sections = new List<SectionLayout>();
        var block = 0;
        foreach (var row in rows)
        {
            sections.Add(new(row.Name, row.Grade, new(row.Price), block, row.Seat_Rows, row.Seats_Per_Row));
            block += row.Seat_Rows;
        }
        return new ShowLayout(show, at.Starts_At, at.Sale_Opens_At, sections);
    }

    /// <summary>Stores a checked request. The id is the next free one, or <paramref name="id"/> for demo data.</summary>
    public async Task<ConcertResponse> CreateAsync(CreateConcertRequest request, long? id = null)
    {
        await using var connection = await database.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var concert = new ConcertId(await connection.QuerySingleAsync<long>(
            id is null
                ? "INSERT INTO concerts (title, artist, venue, sale_opens_at) VALUES (@Title, @Artist, @Venue, @opens) RETURNING id"
                : "INSERT INTO concerts (id, title, artist, venue, sale_opens_at) VALUES (@id, @Title, @Artist, @Venue, @opens) RETURNING id",
            new { id, request.Title, request.Artist, request.Venue, opens = request.SaleOpensAt.ToUniversalTime() }, transaction));
        await connection.ExecuteAsync("INSERT INTO shows (id, concert_id, starts_at) VALUES (@show, @concert, @at)",
            request.Dates.Select((at, i) => new { show = concert.Show(i + 1).Value, concert = concert.Value, at = at.ToUniversalTime() }), transaction);
        await connection.ExecuteAsync(
            """
            INSERT INTO sections (concert_id, ordinal, name, grade, price, seat_rows, seats_per_row)
            VALUES (@concert, @ordinal, @Name, @Grade, @price, @Rows, @SeatsPerRow)
            """, request.Sections.Select((s, i) => new { concert = concert.Value, ordinal = i, s.Name, s.Grade, price = s.Price.Value, s.Rows, s.SeatsPerRow }),
            transaction);
        await transaction.CommitAsync();
        return (await FindAsync(connection, concert))!;
    }

    /// <summary>Sets when the sale opens; null where there is no such concert.</summary>
    public async Task<ConcertResponse?> OpenSaleAsync(ConcertId concert, DateTimeOffset at)
    {
        await using var connection = await database.OpenAsync();
        await connection.ExecuteAsync("UPDATE concerts SET sale_opens_at = @at WHERE id = @Value", new { at = at.ToUniversalTime(), concert.Value });
        return await FindAsync(connection, concert);
    }

    // On the connection at hand: asking the pool for a second one while holding the first stops everybody once the pool is empty.
    private static async Task<ConcertResponse?> FindAsync(NpgsqlConnection connection, ConcertId concert)
    {
        var row = await connection.QuerySingleOrDefaultAsync<ConcertRow>(
            "SELECT id, title, artist, venue, sale_opens_at FROM concerts WHERE id = @Value", new { concert.Value });
        return row?.ToResponse((await ShowsAsync(connection, [row.Id]))[row.Id]);
    }

    private static async Task<ILookup<long, ShowResponse>> ShowsAsync(NpgsqlConnection connection, IReadOnlyList<long> concerts)
    {
        var rows = await connection.QueryAsync<ShowRow>(
            """
            SELECT s.id, s.concert_id, s.starts_at, (SELECT sum(seat_rows * seats_per_row) FROM sections x WHERE x.concert_id = s.concert_id)::int AS seats
            FROM shows s WHERE s.concert_id = ANY(@ids) ORDER BY s.id
            """, new { ids = concerts.ToArray() });
        return rows.ToLookup(r => r.Concert_Id, r => new ShowResponse(new(r.Id), new(r.Concert_Id), r.Starts_At, r.Seats));
    }

    private sealed class ConcertRow
    {
        public long Id { get; init; }
        public string Title { get; init; } = "";
        public string Artist { get; init; } = "";
        public string Venue { get; init; } = "";
        public DateTimeOffset Sale_Opens_At { get; init; }

        public ConcertResponse ToResponse(IEnumerable<ShowResponse> shows) => new(new(Id), Title, Artist, Venue, Sale_Opens_At, [.. shows]);
    }

    private sealed class ShowRow
    {
        public long Id { get; init; }
        public long Concert_Id { get; init; }
        public DateTimeOffset Starts_At { get; init; }
        public DateTimeOffset Sale_Opens_At { get; init; }
        public int Seats { get; init; }
    }

    private sealed class SectionRow
    {
        public string Name { get; init; } = "";
        public string Grade { get; init; } = "";
        public long Price { get; init; }
        public int Seat_Rows { get; init; }
        public int Seats_Per_Row { get; init; }
    }
}
