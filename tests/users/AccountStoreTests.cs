using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.Users;

namespace ConcertDapr.Tests;

public sealed class AccountStoreTests(PostgresServer postgres) : IAsyncLifetime
{
    private static readonly RegisterRequest s_fan = new("Fan@Example.org", "Fan", "correct horse");

    private Database _database = null!;
    private AccountStore _accounts = null!;

    public async ValueTask InitializeAsync() => _accounts = new(_database = await postgres.CreateAsync<AccountStore>());

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_registered_account_is_found_by_id_and_by_address_and_password()
    {
        var registered = await _accounts.RegisterAsync(s_fan);

        registered.ShouldNotBeNull().ShouldSatisfyAllConditions(
            a => (a.Email, a.Name, a.Points).ShouldBe((s_fan.Email, s_fan.Name, new Points(0))),
            a => a.Roles.ShouldBeEmpty());
        (await _accounts.FindAsync(registered.UserId))!.Email.ShouldBe(s_fan.Email);
        (await _accounts.VerifyAsync(new("fan@example.ORG", s_fan.Password)))!.UserId.ShouldBe(registered.UserId);
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_address_find_nothing()
    {
        await _accounts.RegisterAsync(s_fan);

        (await _accounts.VerifyAsync(new(s_fan.Email, "wrong horse"))).ShouldBeNull();
        (await _accounts.VerifyAsync(new("nobody@example.org", s_fan.Password))).ShouldBeNull();
        (await _accounts.FindAsync(new(999_999))).ShouldBeNull();
    }

    [Fact]
    public async Task Of_registrations_of_one_address_at_once_one_succeeds()
    {
        var all = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _accounts.RegisterAsync(s_fan)));

        all.Count(a => a is not null).ShouldBe(1);
    }
}
