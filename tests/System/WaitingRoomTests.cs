using System.Net;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

public class WaitingRoomTests(RunningSystem system)
{
    [Fact]
    public async Task Who_finds_the_room_full_waits_and_is_let_in_in_order_though_the_queue_service_is_killed_meanwhile()
    {
        var sale = await system.OpenSaleAsync();
        var capacity = (await sale.RoomAsync(_ => true)).Capacity;
        var (inside, late) = (system.NextFans(capacity), system.NextFans(3));
        await sale.AdmitAsync(inside);
        var places = new List<QueueTokenResponse>();
        foreach (var fan in late) places.Add(await fan.JoinAsync(sale.Concert));
        places.ShouldAllBe(p => p.Status == QueueStatus.Waiting);

        var victim = system.PidOf("queue")!.Value;
        await Processes.SignalAsync(victim, "KILL");
        await Eventually.UntilAsync(() => Task.FromResult(Processes.Lives(victim)), lives => !lives);

        foreach (var (fan, place) in late.Zip(places))
        {
            fan.QueueToken = place.Token;
            (await StateAsync(fan, _ => true)).Position.ShouldBe(late.ToList().IndexOf(fan) + 1);
            (await fan.JoinAsync(sale.Concert)).Sequence.ShouldBe(place.Sequence);
        }
        (await inside[0].DeleteAsync("/api/v1/queues/tokens")).Status.ShouldBe(HttpStatusCode.NoContent);
        await StateAsync(late[0], s => s.Status == QueueStatus.Entered);
        (await StateAsync(late[1], s => s.Position == 1)).Status.ShouldBe(QueueStatus.Waiting);
        var figures = await sale.RoomAsync(r => r.Active == capacity);
        figures.PeakActive.ShouldBe(capacity);
        figures.Waiting.ShouldBe(2);
    }

    [Fact]
    public async Task Whoever_watches_the_door_sees_it_move()
    {
        var sale = await system.OpenSaleAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await using var events = await system.Http.GetStreamAsync(new Uri($"/api/v1/queues/{sale.Concert}/events", UriKind.Relative), patience.Token);
        using var lines = new StreamReader(events);

        await system.NextFan().EnterAsync(sale.Concert);

        var seen = "";
        while (!seen.Contains("\"serving\":1", StringComparison.Ordinal)) seen = (await lines.ReadLineAsync(patience.Token))!;
        seen.ShouldStartWith("data: ");
    }

    [Fact]
    public async Task Asking_for_a_place_again_gives_the_same_place()
    {
        var (sale, fan) = (await system.OpenSaleAsync(), system.NextFan());

        var places = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => fan.JoinAsync(sale.Concert)));

        places.Select(p => p.Sequence).Distinct().ShouldHaveSingleItem();
    }

    private static async Task<EnterResponse> StateAsync(Client fan, Func<EnterResponse, bool> satisfies) => (await Eventually.UntilAsync(
        () => fan.SendAsync(HttpMethod.Post, "/api/v1/queues/enter"), r => r.Code is null && satisfies(r.Body<EnterResponse>()))).Body<EnterResponse>();
}
