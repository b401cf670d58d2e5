using System.Net;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

/// <summary>The <c>/api/v1</c> paths of a predecessor, row by row.</summary>
public class CompatApiV1Tests(RunningSystem system)
{
    private readonly Predecessor _client = new(system.Http);

    [Fact]
    public async Task A_visit_ends_in_a_real_ticket()
    {
        var fan = system.NextFan();
        var user = fan.User.Value;
        var before = await fan.PointsAsync();
        var token = await EnterAsync(user);

        var held = await ReserveAsync(user, token, 404, 404_003, 21);
        var number = held.Number("reservationId");
        held.Text("status").ShouldBe("HELD");
        var concert = held.Data.GetProperty("concertInfo");
        (concert.GetProperty("concertId").GetInt64(), concert.GetProperty("concertDateId").GetInt64()).ShouldBe((404, 404_003));
        concert.GetProperty("seatIds")[0].GetInt64().ShouldBe(SeatId.Of(new ShowId(404_003), 1, 1).Value);
        var mine = await _client.GetAsync($"/api/v1/reservations/{user}");
        mine.Data.GetArrayLength().ShouldBe(1);
        mine.Data[0].GetProperty("reservationId").GetInt64().ShouldBe(number);

        var paid = await _client.PostAsync("/api/v1/payments/pay", new { token, reservationId = number, userId = user });
        (paid.Status, paid.Body.GetProperty("status").GetString(), paid.Text("status"), paid.Number("paymentPrice")).ShouldBe((200, "OK", "COMPLETED", 5_000));
        (await system.CountAsync("reservation", $"SELECT count(*) FROM tickets WHERE user_id = {user}")).ShouldBe(1);
        var again = await _client.PostAsync("/api/v1/payments/pay", new { token, reservationId = number, userId = user });
        again.Text("paymentId").ShouldBe(paid.Text("paymentId"));

        (await _client.GetAsync($"/api/v1/users/{user}/balance")).Number("balance").ShouldBe(before.Value - 5_000);
        (await _client.GetAsync($"/api/v1/reservations/{user}")).Data[0].GetProperty("status").GetString().ShouldBe("CONFIRMED");
        var cancelled = await _client.SendAsync("DELETE", $"/api/v1/reservations/{number}?userId={user}");
        (cancelled.Status, cancelled.Success, cancelled.Message.Split(':')[0]).ShouldBe((200, false, "ALREADY_PAID"));
    }

    [Fact]
    public async Task A_token_asked_for_again_is_the_same_and_one_that_is_over_is_replaced()
    {
        var user = system.NextFan().User.Value;
        var token = await EnterAsync(user);
        (await _client.PostAsync("/api/v1/queues/token", new { userId = user })).Text("token").ShouldBe(token);
        (await _client.PostAsync("/api/v1/queues/token", new { userId = user, token })).Text("token").ShouldBe(token);
        (await _client.PostAsync("/api/v1/queues/token", new { userId = user, token = "forged" })).Text("token").ShouldBe(token);
        var other = system.NextFan().User.Value;
        var theirs = await _client.PostAsync("/api/v1/queues/token", new { userId = other, token });
        theirs.Text("token").ShouldNotBe(token);
        theirs.Number("userId").ShouldBe(other);

        var held = await ReserveAsync(user, token, 404, 1, 400);
        (await _client.PostAsync("/api/v1/payments/pay", new { token, reservationId = held.Number("reservationId"), userId = user })).Success.ShouldBeTrue();

        (await _client.PostAsync("/api/v1/queues/token", new { userId = user, token })).Text("token").ShouldNotBe(token);
    }

    [Fact]
    public async Task A_crowd_waits_its_turn()
    {
        var fans = system.NextFans(40).Select(f => f.User.Value).ToList();
        var asked = await Task.WhenAll(fans.Select(u => _client.PostAsync("/api/v1/queues/token", new { userId = u })));
        var waiting = asked.Where(a => !a.Data.GetProperty("isActive").GetBoolean()).ToList();
        waiting.ShouldNotBeEmpty();
        waiting.ShouldAllBe(w => w.Data.GetProperty("waitingInfo").GetProperty("waitingNumber").GetInt64() > 0
            && w.Data.GetProperty("waitingInfo").GetProperty("waitTimeInSeconds").GetInt64() >= 0);
        var last = waiting.MaxBy(w => w.Data.GetProperty("waitingInfo").GetProperty("waitingNumber").GetInt64())!;

        var refused = await ReserveAsync(last.Number("userId"), last.Text("token"), 505, 505_001, 1);
        (refused.Status, refused.Success, refused.Message.Split(':')[0]).ShouldBe((200, false, "NOT_ADMITTED"));
        await _client.LeaveAsync(asked.Where(a => a != last).Select(a => (a.Number("userId"), a.Text("token"))));
        await EnterAsync(last.Number("userId"));
    }

    [Fact]
    public async Task A_cancelled_seat_is_free_again_and_a_foreign_one_is_not_cancelled()
    {
        var (user, other) = (system.NextFan().User.Value, system.NextFan().User.Value);
        var tokens = await Task.WhenAll(EnterAsync(user), EnterAsync(other));
        var held = await ReserveAsync(user, tokens[0], 505, 505_002, 5);
        (await ReserveAsync(other, tokens[1], 505, 505_002, 5)).Message.ShouldStartWith("SEAT_TAKEN");
        (await ReserveAsync(user, tokens[0], 505, 505_002, 5)).Message.ShouldStartWith("SEAT_TAKEN");
        var path = $"/api/v1/reservations/{held.Number("reservationId")}";
        (await _client.SendAsync("DELETE", $"{path}?userId={other}")).Message.ShouldStartWith("NOT_YOUR_RESERVATION");

        (await _client.SendAsync("DELETE", $"{path}?userId={user}")).Text("status").ShouldBe("CANCELLED");

        (await _client.SendAsync("DELETE", $"{path}?userId={user}")).Text("status").ShouldBe("CANCELLED");
        (await ReserveAsync(other, tokens[1], 505, 505_002, 5)).Success.ShouldBeTrue();
        (await _client.PostAsync("/api/v1/payments/pay", new { token = tokens[0], reservationId = held.Number("reservationId"), userId = user }))
            .Message.ShouldStartWith("RESERVATION_CANCELLED");
    }

    [Fact]
    public async Task A_charge_adds_to_the_balance_each_time()
    {
        var fan = system.NextFan();
        var before = await fan.PointsAsync();
        for (var i = 1; i <= 2; i++)
            (await _client.SendAsync("PATCH", $"/api/v1/users/{fan.User}/charge", """{"balance":700}""")).Number("balance").ShouldBe(before.Value + i * 700);
        (await fan.PointsAsync()).Value.ShouldBe(before.Value + 1_400);
    }

    [Theory]
    [InlineData("POST", "/api/v1/queues/token", "{}", "ACCOUNT_NOT_FOUND")]
    [InlineData("POST", "/api/v1/queues/token", """{"userId":987654321}""", "ACCOUNT_NOT_FOUND")]
    [InlineData("POST", "/api/v1/queues/token", """{"userId":null}""", "ACCOUNT_NOT_FOUND")]
    [InlineData("GET", "/api/v1/users/undefined/balance", null, "ACCOUNT_NOT_FOUND")]
    [InlineData("GET", "/api/v1/users/987654321/balance", null, "ACCOUNT_NOT_FOUND")]
    [InlineData("PATCH", "/api/v1/users/undefined/charge", """{"balance":1}""", "ACCOUNT_NOT_FOUND")]
    [InlineData("PATCH", "/api/v1/users/987654321/charge", """{"balance":1}""", "ACCOUNT_NOT_FOUND")]
    [InlineData("PATCH", "/api/v1/users/1/charge", "{}", "INVALID")]
    [InlineData("PATCH", "/api/v1/users/1/charge", """{"balance":-5}""", "INVALID")]
    [InlineData("PATCH", "/api/v1/users/1/charge", """{"balance":9000000000000}""", "INVALID")]
    [InlineData("GET", "/api/v1/reservations/undefined", null, "ACCOUNT_NOT_FOUND")]
    [InlineData("GET", "/api/v1/reservations/987654321", null, "ACCOUNT_NOT_FOUND")]
    [InlineData("POST", "/api/v1/reservations", "{}", "ACCOUNT_NOT_FOUND")]
    [InlineData("POST", "/api/v1/reservations", """{"userId":1}""", "CONCERT_NOT_FOUND")]
    [InlineData("POST", "/api/v1/reservations", """{"userId":1,"concertId":999999,"concertDateId":1,"seatNumber":1}""", "CONCERT_NOT_FOUND")]
    [InlineData("POST", "/api/v1/reservations", """{"userId":1,"concertId":101,"concertDateId":6,"seatNumber":1}""", "SHOW_NOT_FOUND")]
    [InlineData("POST", "/api/v1/reservations", """{"userId":1,"concertId":101,"concertDateId":202001,"seatNumber":1}""", "SHOW_NOT_FOUND")]
    [InlineData("POST", "/api/v1/reservations", """{"userId":1,"concertId":101,"concertDateId":101001,"seatNumber":0}""", "SEAT_NOT_FOUND")]
    [InlineData("POST", "/api/v1/reservations", """{"userId":1,"concertId":101,"concertDateId":101001,"seatNumber":401}""", "SEAT_NOT_FOUND")]
    [InlineData("POST", "/api/v1/reservations", """{"userId":1,"concertId":101,"concertDateId":101001,"seatNumber":1}""", "QUEUE_TOKEN_MISSING")]
    [InlineData("POST", "/api/v1/reservations", """{"userId":1,"concertId":101,"concertDateId":101001,"seatNumber":1}""", "QUEUE_TOKEN_INVALID", "forged")]
    [InlineData("DELETE", "/api/v1/reservations/undefined?userId=1", null, "RESERVATION_NOT_FOUND")]
    [InlineData("DELETE", "/api/v1/reservations/99999999?userId=1", null, "RESERVATION_NOT_FOUND")]
    [InlineData("DELETE", "/api/v1/reservations/1", null, "ACCOUNT_NOT_FOUND")]
    [InlineData("POST", "/api/v1/payments/pay", """{"reservationId":1}""", "ACCOUNT_NOT_FOUND")]
    [InlineData("POST", "/api/v1/payments/pay", """{"userId":1,"token":"x"}""", "RESERVATION_NOT_FOUND")]
    [InlineData("POST", "/api/v1/payments/pay", """{"userId":1,"reservationId":1}""", "QUEUE_TOKEN_MISSING")]
    [InlineData("POST", "/api/v1/payments/pay", """{"userId":1,"reservationId":1,"token":"forged"}""", "QUEUE_TOKEN_INVALID")]
    public async Task What_cannot_be_done_is_200_without_success_and_says_why(string method, string path, string? body, string code, string? token = null)
    {
        var before = await system.BooksAsync();
        var answer = await _client.SendAsync(method, path, body, token);
        (answer.Status, answer.Success, answer.Message.Split(':')[0]).ShouldBe((200, false, code), answer.Message);
        (await system.BooksAsync()).ShouldBe(before);
    }

    [Theory]
    [InlineData("POST", "/api/v1/queues/token")]
    [InlineData("PATCH", "/api/v1/users/1/charge")]
    [InlineData("POST", "/api/v1/reservations")]
    [InlineData("POST", "/api/v1/payments/pay")]
    public async Task A_body_that_cannot_be_read_is_400(string method, string path)
    {
        var answer = await _client.SendAsync(method, path, "{");
        (answer.Status, answer.Success, answer.Body.GetProperty("status").GetString()).ShouldBe((400, false, "BAD_REQUEST"));
    }

    [Fact]
    public async Task Our_own_paths_beside_them_answer_as_ever()
    {
        var fan = system.NextFan();
        (await fan.GetAsync($"/api/v1/reservations/{Guid.NewGuid()}")).Code.ShouldBe("RESERVATION_NOT_FOUND");
        (await fan.GetAsync("/api/v1/reservations/not-a-uuid")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await fan.GetAsync("/api/v1/users/me/reservations")).Status.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<string> EnterAsync(long user) => (await Eventually.UntilAsync(
        () => _client.PostAsync("/api/v1/queues/token", new { userId = user }), t => t.Data.GetProperty("isActive").GetBoolean())).Text("token");

    private Task<Enveloped> ReserveAsync(long user, string token, long concertId, long concertDateId, int seatNumber) =>
        _client.PostAsync("/api/v1/reservations", new { concertId, concertDateId, seatNumber, userId = user }, token);
}
