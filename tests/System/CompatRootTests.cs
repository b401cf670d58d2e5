using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

/// <summary>The root paths of a predecessor, row by row.</summary>
public class CompatRootTests(RunningSystem system)
{
    private readonly Predecessor _client = new(system.Http);

    [Fact]
    public async Task A_visit_ends_in_a_real_ticket()
    {
        var fan = system.NextFan();
        var user = fan.User.Value;
        var before = await fan.PointsAsync();
        var token = await _client.EnterAsync(user);

        var (seat, price, date, held) = await _client.HoldAnyAsync(user, token);
        held.Status.ShouldBe(200);
        var number = held.Number("reservationId");
        (held.Number("concertId"), held.Number("seatId"), held.Text("date")).ShouldBe((101, seat, date));
        held.Data.GetProperty("reservedUntil").GetDateTimeOffset().ShouldBeGreaterThan(DateTimeOffset.UtcNow);
        await Eventually.UntilAsync(() => _client.GetAsync($"/concerts/101/seats/available?scheduleDate={date}"),
            s => s.Data.EnumerateArray().All(free => free.GetProperty("id").GetInt64() != seat));

        var paid = await _client.PostAsync($"/reservations/{number}/payment", new { userId = user, seatId = seat, paymentInfo = new { amount = price, method = "POINT" } }, token);
        paid.Status.ShouldBe(200);
        (paid.Number("reservationId"), paid.Text("seatStatus"), paid.Number("seatPrice"), paid.Number("paidAmount")).ShouldBe((number, "SOLD", price, price));
        paid.Number("remainingBalance").ShouldBe(before.Value - price);
        (await system.CountAsync("reservation", $"SELECT count(*) FROM tickets WHERE seat_id = {seat} AND user_id = {user}")).ShouldBe(1);

        var again = await _client.PostAsync($"/reservations/{number}/payment", new { userId = user, seatId = seat, paymentInfo = new { amount = price, method = "POINT" } }, token);
        again.Number("remainingBalance").ShouldBe(before.Value - price);
        var balance = await _client.GetAsync($"/users/status?userId={user}");
        (balance.Number("userId"), balance.Number("balance")).ShouldBe((user, before.Value - price));
    }

    [Fact]
    public async Task Asking_for_a_token_again_gives_the_same_until_the_visit_is_over()
    {
        var user = system.NextFan().User.Value;
        var first = await _client.PostAsync("/tokens/issue", new { userId = user });
        (await _client.PostAsync("/tokens/issue", new { userId = $"{user}" })).Text("token").ShouldBe(first.Text("token"));
        first.Text("id").ShouldBe(first.Text("token"));
        var token = await _client.EnterAsync(user);
        token.ShouldBe(first.Text("token"));
        var standing = await _client.GetAsync($"/tokens/status?tokenId={token}");
        (standing.Body.GetProperty("status").GetString(), standing.Text("status")).ShouldBe(("ACTIVE", "ACTIVE"));
        standing.Data.GetProperty("hasPassedQueue").GetBoolean().ShouldBeTrue();
        standing.Number("queuePosition").ShouldBe(0);
        standing.Data.GetProperty("expiredAt").GetDateTimeOffset().ShouldBeGreaterThan(DateTimeOffset.UtcNow);

        var (seat, _, _, held) = await _client.HoldAnyAsync(user, token);
        (await _client.PostAsync($"/reservations/{held.Number("reservationId")}/payment", new { userId = user, seatId = seat }, token)).Success.ShouldBeTrue();

        (await _client.GetAsync($"/tokens/status?tokenId={token}")).Text("status").ShouldBe("EXPIRED");
        (await _client.PostAsync("/tokens/issue", new { userId = user })).Text("token").ShouldNotBe(token);
    }

    [Fact]
    public async Task A_crowd_is_let_in_at_the_door_s_pace_and_nobody_buys_before()
    {
        var fans = system.NextFans(40).Select(f => f.User.Value).ToList();
        var issued = await Task.WhenAll(fans.Select(u => _client.PostAsync("/tokens/issue", new { userId = u })));
        var waiting = fans.Zip(issued).Where(f => f.Second.Text("status") == "PENDING").ToList();
        waiting.ShouldNotBeEmpty();
        waiting.ShouldAllBe(w => w.Second.Number("queuePosition") > 0 && !w.Second.Data.GetProperty("hasPassedQueue").GetBoolean());
        var last = waiting.MaxBy(w => w.Second.Number("queuePosition"));

        var (_, _, _, refused) = await _client.HoldAnyAsync(last.First, last.Second.Text("token"));

        (refused.Status, refused.Success).ShouldBe((400, false));
        refused.Message.ShouldStartWith("NOT_ADMITTED");
        await _client.LeaveAsync(fans.Zip(issued.Select(i => i.Text("token"))).Where(f => f.First != last.First));
        await _client.EnterAsync(last.First);
    }

    [Fact]
    public async Task The_seats_on_offer_are_the_free_ones_of_that_date()
    {
        var dates = (await _client.GetAsync("/concerts/202/dates/available")).Data.EnumerateArray().Select(d => d.GetString()!).ToList();
        dates.Count.ShouldBe(5);
        dates.ShouldAllBe(d => DateOnly.ParseExact(d, "yyyy-MM-dd").Year > 2000);
        var seats = await _client.GetAsync($"/concerts/202/seats/available?scheduleDate={dates[3]}");
        seats.Data.GetArrayLength().ShouldBe(400);
        var third = seats.Data[2];
        third.GetProperty("id").GetInt64().ShouldBe(SeatId.Of(new ConcertId(202).Show(4), 0, 3).Value);
        (third.GetProperty("concertId").GetInt64(), third.GetProperty("scheduleDate").GetString()).ShouldBe((202, dates[3]));
        (third.GetProperty("seatNumber").GetInt32(), third.GetProperty("status").GetString(), third.GetProperty("price").GetInt64()).ShouldBe((3, "AVAILABLE", 5_000));
    }

    [Fact]
    public async Task A_seat_can_be_named_by_its_number_and_belongs_to_one_fan()
    {
        var (first, second) = (system.NextFan().User.Value, system.NextFan().User.Value);
        var tokens = await Task.WhenAll(_client.EnterAsync(first), _client.EnterAsync(second));
        var date = (await _client.GetAsync("/concerts/303/dates/available")).Data[1].GetString()!;
        var held = await _client.PostAsync("/reservations/303/reserve-seats", new { userId = first, date, seatNo = 77 }, tokens[0]);
        held.Number("seatId").ShouldBe(SeatId.Of(new ConcertId(303).Show(2), 3, 17).Value);

        foreach (var refused in new[] { await _client.PostAsync("/reservations/303/reserve-seats", new { userId = second, date, seatNo = 77 }, tokens[1]),
            await _client.PostAsync("/reservations/303/reserve-seats", new { userId = first, date, seatNo = 77 }, tokens[0]) })
        {
            (refused.Status, refused.Success).ShouldBe((400, false));
            refused.Message.ShouldStartWith("SEAT_TAKEN");
        }
        var foreign = await _client.PostAsync($"/reservations/{held.Number("reservationId")}/payment", new { userId = second }, tokens[1]);
        (foreign.Status, foreign.Message.Split(':')[0]).ShouldBe((400, "NOT_YOUR_RESERVATION"));
    }

    [Fact]
    public async Task A_wrong_amount_or_seat_is_refused_and_costs_nothing()
    {
        var fan = system.NextFan();
        var user = fan.User.Value;
        var token = await _client.EnterAsync(user);
        var (seat, price, _, held) = await _client.HoldAnyAsync(user, token);
        var before = await system.BooksAsync();
        var pay = $"/reservations/{held.Number("reservationId")}/payment";

        var amount = await _client.PostAsync(pay, new { userId = user, seatId = seat, paymentInfo = new { amount = price - 1 } }, token);
        var other = await _client.PostAsync(pay, new { userId = user, seatId = seat + 1 }, token);
        var words = await _client.PostAsync(pay, new { userId = user, paymentInfo = new { amount = "much" } }, token);

        (amount.Status, other.Status, words.Status).ShouldBe((400, 400, 400));
        amount.Message.ShouldStartWith("AMOUNT_MISMATCH");
        other.Message.ShouldStartWith("SEAT_MISMATCH");
        words.Message.ShouldStartWith("AMOUNT_MISMATCH");
        (await system.BooksAsync()).ShouldBe(before);
    }

    [Theory]
    [InlineData("POST", "/tokens/issue", "{}", "INVALID")]
    [InlineData("POST", "/tokens/issue", """{"userId":"undefined"}""", "INVALID")]
    [InlineData("POST", "/tokens/issue", """{"userId":0}""", "ACCOUNT_NOT_FOUND")]
    [InlineData("POST", "/tokens/issue", """{"userId":987654321}""", "ACCOUNT_NOT_FOUND")]
    [InlineData("POST", "/tokens/issue", "{", "MALFORMED_JSON")]
    [InlineData("POST", "/tokens/issue", "[]", "MALFORMED_JSON")]
    [InlineData("GET", "/tokens/status", null, "QUEUE_TOKEN_INVALID")]
    [InlineData("GET", "/tokens/status?tokenId=undefined", null, "QUEUE_TOKEN_INVALID")]
    [InlineData("GET", "/concerts/undefined/dates/available", null, "CONCERT_NOT_FOUND")]
    [InlineData("GET", "/concerts/999999/dates/available", null, "CONCERT_NOT_FOUND")]
    [InlineData("GET", "/concerts/undefined/seats/available?scheduleDate=2030-01-01", null, "CONCERT_NOT_FOUND")]
    [InlineData("GET", "/concerts/101/seats/available", null, "SHOW_NOT_FOUND")]
    [InlineData("GET", "/concerts/101/seats/available?scheduleDate=undefined", null, "SHOW_NOT_FOUND")]
    [InlineData("GET", "/concerts/101/seats/available?scheduleDate=1999-01-01", null, "SHOW_NOT_FOUND")]
    [InlineData("POST", "/reservations/101/reserve-seats", "nonsense", "MALFORMED_JSON")]
    [InlineData("POST", "/reservations/101/reserve-seats", "{}", "INVALID")]
    [InlineData("POST", "/reservations/undefined/reserve-seats", """{"userId":1}""", "CONCERT_NOT_FOUND")]
    [InlineData("POST", "/reservations/101/reserve-seats", """{"userId":1,"date":"1999-01-01","seatId":1}""", "SHOW_NOT_FOUND")]
    [InlineData("POST", "/reservations/101/reserve-seats", """{"userId":1,"date":"$date","seatNo":401}""", "SEAT_NOT_FOUND")]
    [InlineData("POST", "/reservations/101/reserve-seats", """{"userId":1,"date":"$date"}""", "INVALID")]
    [InlineData("POST", "/reservations/101/reserve-seats", """{"userId":1,"date":"$date","seatNo":1}""", "QUEUE_TOKEN_MISSING")]
    [InlineData("POST", "/reservations/101/reserve-seats", """{"userId":1,"date":"$date","seatNo":1}""", "QUEUE_TOKEN_INVALID", "k1.forged")]
    [InlineData("POST", "/reservations/101/reserve-seats", """{"userId":1,"date":"$date","seatNo":1}""", "QUEUE_TOKEN_FOREIGN", "$token")]
    [InlineData("POST", "/reservations/101/reserve-seats", """{"userId":$user,"date":"$date","seatId":404001000001}""", "SEAT_NOT_FOUND", "$token")]
    [InlineData("POST", "/reservations/1/payment", """{"userId":1}""", "QUEUE_TOKEN_MISSING")]
    [InlineData("POST", "/reservations/undefined/payment", """{"userId":$user}""", "RESERVATION_NOT_FOUND", "$token")]
    [InlineData("POST", "/reservations/99999999/payment", """{"userId":$user}""", "RESERVATION_NOT_FOUND", "$token")]
    [InlineData("POST", "/reservations/1/payment", "{}", "INVALID", "$token")]
    [InlineData("GET", "/users/status", null, "INVALID")]
    [InlineData("GET", "/users/status?userId=undefined", null, "INVALID")]
    [InlineData("GET", "/users/status?userId=987654321", null, "ACCOUNT_NOT_FOUND")]
    public async Task What_cannot_be_done_is_400_and_says_why(string method, string path, string? body, string code, string? token = null)
    {
        var (user, entered) = (0L, false);
        if (token == "$token" || body?.Contains("$user", StringComparison.Ordinal) == true)
        {
            (user, entered) = (system.NextFan().User.Value, true);
            (token, body) = (await _client.EnterAsync(user), body?.Replace("$user", $"{user}", StringComparison.Ordinal));
        }
        body = body?.Replace("$date", (await _client.GetAsync("/concerts/101/dates/available")).Data[0].GetString(), StringComparison.Ordinal);
        var before = await system.BooksAsync();

        var answer = await _client.SendAsync(method, path, body, token);

        (answer.Status, answer.Success, answer.Message.Split(':')[0]).ShouldBe((400, false, code), answer.Message);
        (await system.BooksAsync()).ShouldBe(before);
        if (entered) await _client.LeaveAsync([(user, token!)]);
    }
}
