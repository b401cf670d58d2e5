using System.Net;
using System.Text.Json;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

public class AccountTests(RunningSystem system)
{
    private readonly Client _anybody = new(system.Http, null);
    private readonly string _email = $"fan-{Guid.NewGuid():N}@example.org";

    [Fact]
    public async Task Who_registers_can_log_in_and_is_known_by_the_bearer_token()
    {
        var registered = await RegisterAsync();
        registered.Status.ShouldBe(HttpStatusCode.Created);
        registered.Text.ShouldNotContain("correct horse");

        var login = await _anybody.PostAsync("/api/v1/users/login", new LoginRequest(_email.ToUpperInvariant(), "correct horse"));
        var token = JsonDocument.Parse(login.Text).RootElement.GetProperty("accessToken").GetString();
        var me = (await new Client(system.Http, token).GetAsync("/api/v1/users/me")).Body<AccountResponse>();

        me.UserId.ShouldBe(registered.Body<AccountResponse>().UserId);
        me.Email.ShouldBe(_email);
        me.Points.ShouldBe(new Points(0));
        (await new Client(system.Http, token + "x").GetAsync("/api/v1/users/me")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_address_are_refused_alike()
    {
        await RegisterAsync();

        var wrong = await _anybody.PostAsync("/api/v1/users/login", new LoginRequest(_email, "wrong horse"));
        var unknown = await _anybody.PostAsync("/api/v1/users/login", new LoginRequest($"not-{_email}", "correct horse"));

        wrong.Status.ShouldBe(HttpStatusCode.Unauthorized);
        wrong.Code.ShouldBe("WRONG_CREDENTIALS");
        (unknown.Status, unknown.Code).ShouldBe((wrong.Status, wrong.Code));
    }

    [Fact]
    public async Task An_address_registers_once_however_it_is_written()
    {
        await RegisterAsync();

        var again = await _anybody.PostAsync("/api/v1/users", new RegisterRequest(_email.ToUpperInvariant(), "Fan", "another horse"));

        again.Status.ShouldBe(HttpStatusCode.Conflict);
        again.Code.ShouldBe("EMAIL_TAKEN");
        again.Field.ShouldBe("email");
    }

    [Fact]
    public async Task Of_charges_that_arrive_together_none_is_lost()
    {
        var fan = system.NextFan();
        var before = await fan.PointsAsync();

        var replies = await Task.WhenAll(Enumerable.Range(1, 20).Select(n => ChargeAsync(fan, n * 1_000, null)));

        replies.ShouldAllBe(r => r.Status == HttpStatusCode.OK);
        (await fan.PointsAsync()).Value.ShouldBe(before.Value + 210_000);
        var history = (await fan.GetAsync("/api/v1/users/me/points/history?limit=20")).Body<LedgerPage>();
        history.Items.Sum(e => e.Amount.Value).ShouldBe(210_000);
        history.Items[0].BalanceAfter.Value.ShouldBe(before.Value + 210_000);
    }

    [Fact]
    public async Task A_charge_repeated_under_one_key_counts_once()
    {
        var fan = system.NextFan();
        var before = await fan.PointsAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ChargeAsync(fan, 5_000, "one-key")));

        replies.Select(r => r.Body<PointsResponse>().Points.Value).Distinct().ShouldBe([before.Value + 5_000]);
        (await fan.PointsAsync()).Value.ShouldBe(before.Value + 5_000);
        var reused = await ChargeAsync(fan, 6_000, "one-key");
        reused.Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        reused.Code.ShouldBe("IDEMPOTENCY_KEY_REUSED");
    }

    private Task<Reply> RegisterAsync() => _anybody.PostAsync("/api/v1/users", new RegisterRequest(_email, "Fan", "correct horse"));

    private static Task<Reply> ChargeAsync(Client fan, long amount, string? key) =>
        fan.PostAsync("/api/v1/users/me/points/charges", new ChargePointsRequest(new(amount)), key);
}
