using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.Users;
using Dapper;

namespace ConcertDapr.Tests;

public sealed class PointsLedgerTests(PostgresServer postgres) : IAsyncLifetime
{
    private static readonly UserId s_nobody = new(999_999);

    private Database _database = null!;
    private PointsLedger _ledger = null!;
    private UserId _fan;

    public async ValueTask InitializeAsync()
    {
        _database = await postgres.CreateAsync<PointsLedger>();
        _ledger = new(_database);
        _fan = (await new AccountStore(_database).RegisterAsync(new("fan@example.org", "Fan", "correct horse")))!.UserId;
        await _ledger.TopUpAsync(_fan, new(1_000), null);
    }

    public async ValueTask DisposeAsync()
    {
        // Whatever a test did: the books add up.
        await using (var connection = await _database.OpenAsync())
        {
            var sum = await connection.QuerySingleAsync<long>("SELECT sum(amount)::bigint FROM ledger WHERE account_id = @Value", new { _fan.Value });
            sum.ShouldBe(await BalanceAsync());
        }
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_charge_takes_the_points_once_however_often_it_arrives()
    {
        var charge = Charge(400);

        (await _ledger.UseAsync(charge)).ShouldBe(StepResult.Done);
        (await _ledger.UseAsync(charge)).ShouldBe(StepResult.Done);

        (await BalanceAsync()).ShouldBe(600);
    }

    [Fact]
    public async Task A_repeated_charge_that_emptied_the_account_is_done_and_not_refused()
    {
        var charge = Charge(1_000);
        await _ledger.UseAsync(charge);

        (await _ledger.UseAsync(charge)).ShouldBe(StepResult.Done);

        (await BalanceAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_charge_beyond_the_balance_is_refused_and_takes_nothing()
    {
        (await _ledger.UseAsync(Charge(1_001))).Code.ShouldBe("INSUFFICIENT_POINTS");

        (await BalanceAsync()).ShouldBe(1_000);
    }

    [Fact]
    public async Task A_refund_gives_the_points_back_once_however_often_it_arrives()
    {
        var charge = Charge(400);
        await _ledger.UseAsync(charge);

        (await _ledger.RefundAsync(new(_fan, charge.PaymentId))).ShouldBe(StepResult.Done);
        (await _ledger.RefundAsync(new(_fan, charge.PaymentId))).ShouldBe(StepResult.Done);

        (await BalanceAsync()).ShouldBe(1_000);
    }

    [Fact]
    public async Task A_refund_that_comes_first_bars_the_charge_for_good()
    {
        var late = Charge(400);

        (await _ledger.RefundAsync(new(_fan, late.PaymentId))).ShouldBe(StepResult.Done);
        (await _ledger.UseAsync(late)).Code.ShouldBe("CHARGE_BARRED");
        (await _ledger.RefundAsync(new(_fan, late.PaymentId))).ShouldBe(StepResult.Done);

        (await BalanceAsync()).ShouldBe(1_000);
    }

    [Fact]
    public async Task A_charge_repeated_after_its_refund_is_refused()
    {
        var charge = Charge(400);
        await _ledger.UseAsync(charge);
        await _ledger.RefundAsync(new(_fan, charge.PaymentId));

        (await _ledger.UseAsync(charge)).Code.ShouldBe("CHARGE_BARRED");

        (await BalanceAsync()).ShouldBe(1_000);
    }

    [Fact]
    public async Task A_charge_and_its_refund_that_race_leave_the_balance_as_it_was()
    {
        for (var round = 0; round < 10; round++)
        {
            var charge = Charge(100);

            await Task.WhenAll(_ledger.UseAsync(charge), _ledger.RefundAsync(new(_fan, charge.PaymentId)));
            await _ledger.RefundAsync(new(_fan, charge.PaymentId));

            (await BalanceAsync()).ShouldBe(1_000);
        }
    }

    [Fact]
    public async Task The_same_payment_cannot_be_charged_another_amount()
    {
        var charge = Charge(400);
        await _ledger.UseAsync(charge);

        (await _ledger.UseAsync(charge with { Amount = new(300) })).Code.ShouldBe("CHARGE_DIFFERS");

        (await BalanceAsync()).ShouldBe(600);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-500)]
    public async Task Only_a_positive_amount_can_be_spent(long amount)
    {
        (await _ledger.UseAsync(Charge(amount))).Code.ShouldBe("INVALID_AMOUNT");

        (await BalanceAsync()).ShouldBe(1_000);
    }

    [Fact]
    public async Task A_top_up_repeated_under_one_key_counts_once_and_answers_alike()
    {
        (await _ledger.TopUpAsync(_fan, new(500), "key")).ShouldBe(new TopUpOutcome.Added(new(1_500)));
        await _ledger.TopUpAsync(_fan, new(1), null);

        (await _ledger.TopUpAsync(_fan, new(500), "key")).ShouldBe(new TopUpOutcome.Added(new(1_500)));
        (await _ledger.TopUpAsync(_fan, new(501), "key")).ShouldBeOfType<TopUpOutcome.KeyReused>();

        (await BalanceAsync()).ShouldBe(1_501);
    }

    [Fact]
    public async Task The_balance_stays_within_what_JavaScript_reads_exactly()
    {
        (await _ledger.TopUpAsync(_fan, new(9_007_199_254_740_991), null)).ShouldBeOfType<TopUpOutcome.OverLimit>();

        (await BalanceAsync()).ShouldBe(1_000);
    }

    [Fact]
    public async Task Of_thirty_charges_at_once_as_many_succeed_as_the_balance_covers()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => _ledger.UseAsync(Charge(60))));

        results.Count(r => r.Ok).ShouldBe(16);
        results.Count(r => r.Code == "INSUFFICIENT_POINTS").ShouldBe(14);
        (await BalanceAsync()).ShouldBe(40);
    }

    [Fact]
    public async Task Refused_charges_beyond_the_number_of_connections_do_not_wait_for_each_other()
    {
        await using var small = await postgres.CreateAsync<PointsLedger>(poolSize: 2);
        var fan = (await new AccountStore(small).RegisterAsync(new("fan@example.org", "Fan", "correct horse")))!.UserId;
        var ledger = new PointsLedger(small);

        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ledger.UseAsync(Charge(1) with { UserId = fan })));

        all.ShouldAllBe(r => r.Code == "INSUFFICIENT_POINTS");
    }

    [Fact]
    public async Task Nobody_s_points_cannot_be_moved()
    {
        (await _ledger.UseAsync(Charge(1) with { UserId = s_nobody })).Code.ShouldBe("ACCOUNT_NOT_FOUND");
        (await _ledger.TopUpAsync(s_nobody, new(1), null)).ShouldBeOfType<TopUpOutcome.NoAccount>();
        (await _ledger.BalanceAsync(s_nobody)).ShouldBeNull();
    }

    [Fact]
    public async Task History_is_read_page_by_page_newest_first()
    {
        foreach (var amount in new[] { 1, 2, 3 }) await _ledger.TopUpAsync(_fan, new(amount), null);

        var first = await _ledger.HistoryAsync(_fan, null, 2);
        var second = await _ledger.HistoryAsync(_fan, first.Next, 2);

        first.Items.Concat(second.Items).Select(e => e.Amount.Value).ShouldBe([3, 2, 1, 1_000]);
    }

    private UsePointsRequest Charge(long amount) => new(_fan, new(Guid.NewGuid()), new(amount));

    private async Task<long> BalanceAsync() => (await _ledger.BalanceAsync(_fan))!.Value.Value;
}
