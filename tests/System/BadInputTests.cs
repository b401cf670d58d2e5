using System.Net.Http.Headers;
using System.Text;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

/// <summary>
/// What fans may send by mistake or malice, and what they are told. Words with a dollar stand for what <see cref="BadInputScene"/>
/// has prepared. The caller is a fan inside the waiting room of a sale; <c>as</c> among the headers makes them somebody else.
/// </summary>
public class BadInputTests(RunningSystem system, BadInputScene scene) : IClassFixture<BadInputScene>
{
    private const string Hold = "/api/v1/reservations/$show";
    private const string Pay = "/api/v1/payments";
    private const string Charge = "/api/v1/users/me/points/charges";
    private const string Register = "/api/v1/users";
    private const string Concerts = "/api/v1/admin/concerts";
    private const string OneSeat = """{"seatIds":[$seat]}""";
    private const string PayIt = """{"reservationId":"$held","amount":10000}""";
    private const string Ten = """{"amount":10}""";

    private const string Organizer = "as: test-organizer-1";
    private const string ConcertOn = """{"title":"T","artist":"A","venue":"V","saleOpensAt":"2030-01-01T00:00:00Z","dates":""";
    private const string OneDate = """["2030-02-01T00:00:00Z"],"sections":""";

    public static TheoryData<string, string, string, string?, int, string, string?> Table => new()
    {
        // Bodies that are not what the address expects.
        { "POST", Hold, "", "{", 400, "MALFORMED_JSON", "$" },
        { "POST", Hold, "", "[]", 400, "MALFORMED_JSON", "$" },
        { "POST", Hold, "", "null", 400, "MALFORMED_REQUEST", null },
        { "POST", Hold, "", null, 400, "MALFORMED_REQUEST", null },
        { "POST", Hold, "", """{"seatIds":"A1"}""", 400, "MALFORMED_JSON", "seatIds" },
        { "POST", Hold, "", """{"seatIds":["A1"]}""", 400, "MALFORMED_JSON", "seatIds[0]" },
        { "POST", Hold, "", """{"seatIds":[1.5]}""", 400, "MALFORMED_JSON", "seatIds[0]" },
        { "POST", Hold, "", """{"seatIds":[null]}""", 400, "MALFORMED_JSON", "seatIds[0]" },
        { "POST", Hold, "", """{"seatIds":[99999999999999999999]}""", 400, "MALFORMED_JSON", "seatIds[0]" },
        { "POST", Hold, "", """{"quantity":"two"}""", 400, "MALFORMED_JSON", "quantity" },
        { "POST", Hold, "content-type: text/plain", OneSeat, 415, "UNSUPPORTED_MEDIA_TYPE", null },
        { "POST", Hold, "content-type: application/xml", "<seats/>", 415, "UNSUPPORTED_MEDIA_TYPE", null },
        { "POST", Pay, "", """{"amount":10000}""", 400, "MALFORMED_JSON", "reservationId" },
        { "POST", Pay, "", """{"reservationId":"$held"}""", 400, "MALFORMED_JSON", "amount" },
        { "POST", Pay, "", """{"reservationId":"not-a-uuid","amount":10000}""", 400, "MALFORMED_JSON", "reservationId" },
        { "POST", Pay, "", """{"reservationId":null,"amount":10000}""", 400, "MALFORMED_JSON", "reservationId" },
        { "POST", Pay, "", """{"reservationId":"$held","amount":"10000"}""", 400, "MALFORMED_JSON", "amount" },
        { "POST", Pay, "", """{"reservationId":"$held","amount":10000.5}""", 400, "MALFORMED_JSON", "amount" },
        { "POST", Charge, "", """{"amount":1e30}""", 400, "MALFORMED_JSON", "amount" },
        { "POST", Charge, "", "{}", 400, "MALFORMED_JSON", "amount" },
        { "POST", Register, "", """{"email":"a@example.org","name":"A"}""", 400, "MALFORMED_JSON", "password" },
        { "POST", Register, "", """{"email":null,"name":"A","password":"long enough"}""", 400, "MALFORMED_JSON", "email" },
        { "POST", "/api/v1/users/login", "", """{"email":"a@example.org"}""", 400, "MALFORMED_JSON", "password" },
        { "POST", "/api/v1/users/login", "", "not json", 400, "MALFORMED_JSON", "$" },
        // Seats.
        { "POST", Hold, "", "{}", 422, "INVALID", "seatIds" },
        { "POST", Hold, "", """{"seatIds":[]}""", 422, "INVALID", "seatIds" },
        { "POST", Hold, "", """{"seatIds":[$seat,$seat]}""", 422, "DUPLICATE_SEAT", "seatIds" },
        { "POST", Hold, "", """{"seatIds":[1,2,3,4,5]}""", 422, "TOO_MANY_SEATS", "seatIds" },
        { "POST", Hold, "", """{"seatIds":[$seat],"quantity":1}""", 422, "INVALID", "quantity" },
        { "POST", Hold, "", """{"quantity":0}""", 422, "INVALID", "quantity" },
        { "POST", Hold, "", """{"quantity":-3}""", 422, "INVALID", "quantity" },
        { "POST", Hold, "", """{"quantity":5}""", 422, "TOO_MANY_SEATS", "quantity" },
        { "POST", Hold, "", """{"seatIds":[0]}""", 404, "SEAT_NOT_FOUND", "seatIds" },
        { "POST", Hold, "", """{"seatIds":[-1]}""", 404, "SEAT_NOT_FOUND", "seatIds" },
        { "POST", Hold, "", """{"seatIds":[9223372036854775807]}""", 404, "SEAT_NOT_FOUND", "seatIds" },
        { "POST", Hold, "", """{"seatIds":[$otherSeat]}""", 404, "SEAT_NOT_FOUND", "seatIds" },
        { "POST", Hold, "", """{"seatIds":[$takenSeat]}""", 409, "SEAT_TAKEN", "seatIds" },
        { "POST", Hold, "", """{"seatIds":[$seat,$takenSeat]}""", 409, "SEAT_TAKEN", "seatIds" },
        { "POST", "/api/v1/reservations/999999999", "", OneSeat, 404, "SHOW_NOT_FOUND", "showId" },
        { "POST", "/api/v1/reservations/-1", "", OneSeat, 404, "SHOW_NOT_FOUND", "showId" },
        { "POST", "/api/v1/reservations/abc", "", OneSeat, 400, "MALFORMED_REQUEST", "showId" },
        { "POST", "/api/v1/reservations/99999999999999999999", "", OneSeat, 400, "MALFORMED_REQUEST", "showId" },
        // Who may come in.
        { "POST", Hold, "as: nobody", OneSeat, 401, "UNAUTHENTICATED", null },
        { "POST", Hold, "as: made-up-token", OneSeat, 401, "UNAUTHENTICATED", null },
        { "POST", Hold, "as: test-user-0", OneSeat, 401, "UNAUTHENTICATED", null },
        { "POST", Hold, "as: test-user-x", OneSeat, 401, "UNAUTHENTICATED", null },
        { "POST", Hold, "queue-token: ", OneSeat, 403, "QUEUE_TOKEN_MISSING", "Queue-Token" },
        { "POST", Hold, "queue-token: nonsense", OneSeat, 403, "QUEUE_TOKEN_INVALID", "Queue-Token" },
        { "POST", Hold, "queue-token: $token" + "A", OneSeat, 403, "QUEUE_TOKEN_INVALID", "Queue-Token" },
        { "POST", Hold, "queue-token: $forgedToken", OneSeat, 403, "QUEUE_TOKEN_INVALID", "Queue-Token" },
        { "POST", Hold, "queue-token: $strangersToken", OneSeat, 403, "QUEUE_TOKEN_FOREIGN", "Queue-Token" },
        { "POST", Hold, "queue-token: $leftToken", OneSeat, 403, "QUEUE_TOKEN_EXPIRED", "Queue-Token" },
        { "POST", "/api/v1/reservations/$otherShow", "", """{"seatIds":[$otherSeat]}""", 403, "QUEUE_TOKEN_FOREIGN", "Queue-Token" },
        { "POST", "/api/v1/reservations/$closedShow", "queue-token: $closedToken", """{"quantity":1}""", 409, "SALE_CLOSED", null },
        { "POST", Pay, "queue-token: ", PayIt, 403, "QUEUE_TOKEN_MISSING", "Queue-Token" },
        { "POST", Pay, "queue-token: $otherToken", PayIt, 403, "QUEUE_TOKEN_FOREIGN", "Queue-Token" },
        { "POST", "/api/v1/queues/enter", "queue-token: ", "{}", 403, "QUEUE_TOKEN_MISSING", "Queue-Token" },
        { "POST", "/api/v1/queues/enter", "queue-token: $strangersToken", null, 403, "QUEUE_TOKEN_FOREIGN", "Queue-Token" },
        { "POST", "/api/v1/queues/enter", "", """{"targetId":$otherConcert}""", 403, "QUEUE_TOKEN_FOREIGN", "targetId" },
        { "DELETE", "/api/v1/queues/tokens", "queue-token: ", null, 403, "QUEUE_TOKEN_MISSING", "Queue-Token" },
        { "DELETE", "/api/v1/queues/tokens", "queue-token: $strangersToken", null, 403, "QUEUE_TOKEN_FOREIGN", "Queue-Token" },
        { "POST", "/api/v1/queues/tokens/abc", "", null, 400, "MALFORMED_REQUEST", "targetId" },
        { "POST", "/api/v1/queues/tokens/0", "", null, 404, "CONCERT_NOT_FOUND", "targetId" },
        { "POST", "/api/v1/queues/tokens/-1", "", null, 404, "CONCERT_NOT_FOUND", "targetId" },
        // Money.
        { "POST", Pay, "", """{"reservationId":"$held","amount":9999}""", 422, "AMOUNT_MISMATCH", "amount" },
        { "POST", Pay, "", """{"reservationId":"$held","amount":0}""", 422, "INVALID", "amount" },
        { "POST", Pay, "", """{"reservationId":"$held","amount":-10000}""", 422, "INVALID", "amount" },
        { "POST", Pay, "", """{"reservationId":"$held","amount":9223372036854775807}""", 422, "AMOUNT_MISMATCH", "amount" },
        { "POST", Pay, "", """{"reservationId":"$unknown","amount":10000}""", 404, "RESERVATION_NOT_FOUND", "reservationId" },
        { "POST", Pay, "", """{"reservationId":"$strangers","amount":10000}""", 403, "NOT_YOUR_RESERVATION", "reservationId" },
        { "POST", Charge, "", """{"amount":0}""", 422, "INVALID", "amount" },
        { "POST", Charge, "", """{"amount":-5}""", 422, "INVALID", "amount" },
        { "POST", Charge, "", """{"amount":1000000001}""", 422, "INVALID", "amount" },
        { "POST", Charge, "idempotency-key: $long", Ten, 400, "MALFORMED_REQUEST", "Idempotency-Key" },
        { "POST", Charge, "idempotency-key: two words", Ten, 400, "MALFORMED_REQUEST", "Idempotency-Key" },
        { "POST", Charge, "as: test-user-987654", Ten, 404, "ACCOUNT_NOT_FOUND", null },
        { "POST", Hold, "idempotency-key: $long", OneSeat, 400, "MALFORMED_REQUEST", "Idempotency-Key" },
        { "POST", Pay, "idempotency-key: $long", PayIt, 400, "MALFORMED_REQUEST", "Idempotency-Key" },
        { "GET", "/api/v1/users/me/points/history?limit=0", "", null, 422, "INVALID", "limit" },
        { "GET", "/api/v1/users/me/points/history?limit=x", "", null, 400, "MALFORMED_REQUEST", "limit" },
        // Things that are not there, or not theirs.
        { "GET", "/api/v1/reservations/$unknown", "", null, 404, "RESERVATION_NOT_FOUND", "reservationId" },
        { "GET", "/api/v1/reservations/17a", "", null, 400, "MALFORMED_REQUEST", "reservationId" },
        { "GET", "/api/v1/reservations/$strangers", "", null, 403, "NOT_YOUR_RESERVATION", "reservationId" },
        { "DELETE", "/api/v1/reservations/$strangers", "", null, 403, "NOT_YOUR_RESERVATION", "reservationId" },
        { "GET", "/api/v1/payments/$unknown", "", null, 404, "PAYMENT_NOT_FOUND", "paymentId" },
        { "GET", "/api/v1/payments/abc", "", null, 400, "MALFORMED_REQUEST", "paymentId" },
        { "GET", "/api/v1/concerts/999999999", "", null, 404, "CONCERT_NOT_FOUND", "concertId" },
        { "GET", "/api/v1/concerts/abc", "", null, 400, "MALFORMED_REQUEST", "concertId" },
        { "GET", "/api/v1/concerts?limit=101", "", null, 422, "INVALID", "limit" },
        { "GET", "/api/v1/concerts/999999999/dates", "", null, 404, "CONCERT_NOT_FOUND", "concertId" },
        { "GET", "/api/v1/concerts/dates/999999999/seats", "", null, 404, "SHOW_NOT_FOUND", "showId" },
        { "GET", "/api/v1/users/me", "as: test-user-987654", null, 404, "ACCOUNT_NOT_FOUND", null },
        // Addresses and verbs.
        { "GET", "/api/v1/nothing", "", null, 404, "NOT_FOUND", null },
        { "GET", "/", "", null, 404, "NOT_FOUND", null },
        { "PUT", "/api/v1/concerts", "", "{}", 405, "METHOD_NOT_ALLOWED", null },
        { "GET", Pay, "", null, 405, "METHOD_NOT_ALLOWED", null },
        { "GET", "/api/v1/concerts/%2541", "", null, 400, "BAD_PATH", null },
        { "GET", "/api/v1/concerts/1%3fa=b", "", null, 400, "BAD_PATH", null },
        { "GET", "/api/v1/concerts/1%23a", "", null, 400, "BAD_PATH", null },
        // Accounts and organizing.
        { "POST", Register, "", """{"email":"nonsense","name":"A","password":"long enough"}""", 422, "INVALID", "email" },
        { "POST", Register, "", """{"email":"a@example.org","name":" ","password":"long enough"}""", 422, "INVALID", "name" },
        { "POST", Register, "", """{"email":"a@example.org","name":"A","password":"short"}""", 422, "INVALID", "password" },
        { "POST", Register, "", """{"email":"a@example.org","name":"A\u0000","password":"long enough"}""", 400, "MALFORMED_JSON", "name" },
        { "POST", Register, "", """{"email":"a@example.org","name":"A\ud800","password":"long enough"}""", 400, "MALFORMED_JSON", "name" },
        { "POST", "/api/v1/users/login", "", """{"email":"a\u0000","password":"long enough"}""", 400, "MALFORMED_JSON", "email" },
        { "POST", Register, "", """{"email":"$oneMegabyte","name":"A","password":"long enough"}""", 413, "TOO_LARGE", null },
        { "POST", Concerts, "", "{}", 403, "FORBIDDEN", null },
        { "POST", Concerts, "as: nobody", "{}", 401, "UNAUTHENTICATED", null },
        { "POST", Concerts, Organizer, "{}", 400, "MALFORMED_JSON", "title" },
        { "POST", Concerts, Organizer, ConcertOn.Replace("\"T\"", "\"\"", StringComparison.Ordinal) + """[],"sections":[]}""", 422, "INVALID", "title" },
        { "POST", Concerts, Organizer, ConcertOn + """[],"sections":[]}""", 422, "INVALID", "dates" },
        { "POST", Concerts, Organizer, ConcertOn + OneDate + """[null]}""", 422, "INVALID", "sections[0]" },
        { "POST", Concerts, Organizer, """{"title":"T","artist":"A","venue":"V","saleOpensAt":"someday"}""", 400, "MALFORMED_JSON", "saleOpensAt" },
        { "POST", Concerts, Organizer, ConcertOn + OneDate + """[{"name":"S","grade":"R","price":-1,"rows":1,"seatsPerRow":1}]}""", 422, "INVALID", "sections[0].price" },
        { "POST", "/api/v1/admin/concerts/999999999/sale", Organizer, "{}", 404, "CONCERT_NOT_FOUND", "concertId" },
        { "POST", "/api/v1/admin/concerts/$concert/sale", "", "{}", 403, "FORBIDDEN", null },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task Bad_input_is_refused_by_a_problem_that_names_it_and_changes_nothing(string verb, string path, string header,
        string? body, int status, string code, string? field)
    {
        var before = await system.BooksAsync();

        var reply = await SendAsync(verb, scene.Fill(path), scene.Fill(header), body is null ? null : scene.Fill(body));

        ((int)reply.Status, reply.MediaType, reply.Code, reply.Field).ShouldBe((status, "application/problem+json", code, field), reply.Text);
        (await system.BooksAsync()).ShouldBe(before);
    }

    private Task<Reply> SendAsync(string verb, string path, string header, string? body)
    {
        var (name, value) = header.Split(": ", 2) is [var n, var v] ? (n, v) : ("", "");
        var caller = new Client(system.Http, name == "as" ? value == "nobody" ? null : value : scene.Caller)
        {
            QueueToken = name == "queue-token" ? value : scene.Token,
        };
        var content = body is null ? null : new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (content is not null) content.Headers.ContentType = new MediaTypeHeaderValue(name == "content-type" ? value : "application/json");
        return caller.SendAsync(new HttpMethod(verb), path, content, name == "idempotency-key" ? [("Idempotency-Key", value)] : []);
    }
}

/// <summary>A fan inside, with a hold; a stranger with another; a second sale, and one that has not opened.</summary>
public sealed class BadInputScene(RunningSystem system) : IAsyncLifetime
{
    private readonly Dictionary<string, string> _words = [];

    public string Caller { get; private set; } = "";

    public string Token => _words["$token"];

    public async ValueTask InitializeAsync()
    {
        var (sale, other) = (await system.OpenSaleAsync(), await system.OpenSaleAsync());
        var closed = await Sale.OpenAsync(system.Http, TimeSpan.FromDays(1));
        var (fan, stranger) = (system.NextFan(), system.NextFan());
        Caller = $"test-user-{fan.User}";
        await fan.EnterAsync(other.Concert);
        _words["$otherToken"] = fan.QueueToken!;
        await fan.EnterAsync(closed.Concert);
        _words["$closedToken"] = fan.QueueToken!;
        await LeaveASecondPlaceAsync(fan, sale);
        await sale.AdmitAsync(fan, stranger);
        _words["$held"] = (await fan.HoldAsync(sale, null, 2)).Body<ReservationResponse>().ReservationId.ToString();
        _words["$strangers"] = (await stranger.HoldAsync(sale, null, 3)).Body<ReservationResponse>().ReservationId.ToString();
        _words["$token"] = fan.QueueToken!;
        _words["$strangersToken"] = stranger.QueueToken!;
        _words["$forgedToken"] = fan.QueueToken!.Replace($".{fan.User}.", $".{fan.User.Value + 1}.", StringComparison.Ordinal);
        _words["$concert"] = sale.Concert.ToString();
        _words["$show"] = sale.Show.ToString();
        _words["$seat"] = sale.Seat(1).ToString();
        _words["$takenSeat"] = sale.Seat(3).ToString();
        _words["$otherConcert"] = other.Concert.ToString();
        _words["$otherShow"] = other.Show.ToString();
        _words["$otherSeat"] = other.Seat(1).ToString();
        _words["$closedShow"] = closed.Show.ToString();
        _words["$unknown"] = Guid.NewGuid().ToString();
        _words["$long"] = new string('k', 201);
        _words["$oneMegabyte"] = new string('e', 1 << 20);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Puts what was prepared in the place of its words, longer words first.</summary>
    public string Fill(string text) =>
        _words.OrderByDescending(w => w.Key.Length).Aggregate(text, (filled, word) => filled.Replace(word.Key, word.Value, StringComparison.Ordinal));

    // The token of a place the same fan has left.
    private async Task LeaveASecondPlaceAsync(Client fan, Sale sale)
    {
        await fan.EnterAsync(sale.Concert);
        _words["$leftToken"] = fan.QueueToken!;
        (await fan.DeleteAsync("/api/v1/queues/tokens")).Status.ShouldBe(System.Net.HttpStatusCode.NoContent);
        await sale.RoomAsync(r => r.Active == 0);
    }
}
