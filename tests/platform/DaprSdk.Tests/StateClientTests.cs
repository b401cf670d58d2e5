using System.Text;
using ConcertDapr.Wire;
using ConcertDapr.Wire.Runtime;
using Dapr;
using Dapr.Client;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ConcertDapr.Tests;

/// <summary>What the state methods put on the wire and make of the answers.</summary>
public sealed class StateClientTests
{
    [Fact]
    public async Task A_missing_key_reads_as_the_default_and_an_empty_etag()
    {
        await using var sidecar = await FakeSidecar.StartAsync(s =>
            s.Dapr("GetState", GetStateRequest.Parser, _ => new GetStateResponse()));
        using var client = Client(sidecar);
        (await client.GetStateAsync<Seat?>("s", "k")).ShouldBeNull();
        (await client.GetStateAndETagAsync<int>("s", "k")).ShouldBe((0, ""));
        var entry = await client.GetStateEntryAsync<Seat?>("s", "k");
        (entry.Value, entry.ETag, entry.Key, entry.StoreName).ShouldBe((null, "", "k", "s"));
    }

    [Fact]
    public async Task A_value_is_read_as_camel_case_json_with_its_etag()
    {
        GetStateRequest? asked = null;
        await using var sidecar = await FakeSidecar.StartAsync(s => s.Dapr("GetState", GetStateRequest.Parser, request =>
        {
            asked = request;
            return new GetStateResponse { Data = ByteString.CopyFromUtf8("""{"row":"A","number":7}"""), Etag = "4" };
        }));
        using var client = Client(sidecar);
        var metadata = new Dictionary<string, string> { ["partitionKey"] = "p" };
        (await client.GetStateAndETagAsync<Seat>("s", "k", ConsistencyMode.Strong, metadata)).ShouldBe((new Seat("A", 7), "4"));
        asked!.Consistency.ShouldBe(ConcertDapr.Wire.Runtime.StateOptions.Types.StateConsistency.ConsistencyStrong);
        asked.Metadata["partitionKey"].ShouldBe("p");
        Encoding.UTF8.GetString((await client.GetByteStateAsync("s", "k")).Span).ShouldStartWith("{");
    }

    [Fact]
    public async Task A_value_that_cannot_be_read_is_a_dapr_exception()
    {
        await using var sidecar = await FakeSidecar.StartAsync(s => s.Dapr(
            "GetState", GetStateRequest.Parser, _ => new GetStateResponse { Data = ByteString.CopyFromUtf8("[") }));
        using var client = Client(sidecar);
        (await Should.ThrowAsync<DaprException>(() => client.GetStateAsync<Seat>("s", "k")))
            .InnerException.ShouldBeOfType<System.Text.Json.JsonException>();
    }

    [Fact]
    public async Task Saving_sends_the_value_the_etag_and_the_options()
    {
        SaveStateRequest? saved = null;
        await using var sidecar = await FakeSidecar.StartAsync(s => s.Dapr("SaveState", SaveStateRequest.Parser, request =>
        {
            saved = request;
            return new Empty();
        }));
        using var client = Client(sidecar);
        var options = new Dapr.Client.StateOptions { Concurrency = ConcurrencyMode.FirstWrite };
        (await client.TrySaveStateAsync("s", "k", new Seat("A", 7), "4", options)).ShouldBeTrue();
        var item = saved!.States.ShouldHaveSingleItem();
        item.Value.ToStringUtf8().ShouldBe("""{"row":"A","number":7}""");
        item.Etag.Value.ShouldBe("4");
        item.Options.Concurrency.ShouldBe(ConcertDapr.Wire.Runtime.StateOptions.Types.StateConcurrency.ConcurrencyFirstWrite);

        await client.SaveStateAsync<Seat?>("s", "k", null);
        saved!.States[0].Value.IsEmpty.ShouldBeTrue();
        saved.States[0].Etag.ShouldBeNull();
        saved.States[0].Options.ShouldBeNull();
        (await client.TrySaveStateAsync("s", "k", 1, "")).ShouldBeTrue();
        saved!.States[0].Etag.Value.ShouldBe("");
    }

    [Fact]
    public async Task A_null_etag_is_an_error_of_the_caller()
    {
        using var client = new DaprClientBuilder().Build();
        await Should.ThrowAsync<ArgumentNullException>(() => client.TrySaveStateAsync("s", "k", 1, null!));
        await Should.ThrowAsync<ArgumentNullException>(() => client.TryDeleteStateAsync("s", "k", null!));
        await Should.ThrowAsync<ArgumentNullException>(() => client.TrySaveByteStateAsync("s", "k", default, null!));
        await Should.ThrowAsync<ArgumentException>(() => client.GetStateAsync<int>("", "k"));
        await Should.ThrowAsync<ArgumentException>(() => client.SaveStateAsync("s", "", 1));
        await Should.ThrowAsync<ArgumentException>(() => client.ExecuteStateTransactionAsync("s", []));
        await Should.ThrowAsync<ArgumentException>(() => client.GetBulkStateAsync("s", [], 1));
    }

    [Theory]
    [InlineData(StatusCode.Aborted, true)]
    [InlineData(StatusCode.InvalidArgument, false)]
    [InlineData(StatusCode.Internal, false)]
    public async Task Only_an_aborted_write_with_an_etag_is_a_conflict(StatusCode code, bool isConflict)
    {
        Empty Refuse() => throw GrpcFraming.Error(code, "possible etag mismatch");
        await using var sidecar = await FakeSidecar.StartAsync(s => s
            .Dapr("SaveState", SaveStateRequest.Parser, _ => Refuse())
            .Dapr("DeleteState", DeleteStateRequest.Parser, _ => Refuse()));
        using var client = Client(sidecar);
        Func<Task<bool>>[] writes = [() => client.TrySaveStateAsync("s", "k", 1, "4"), () => client.TryDeleteStateAsync("s", "k", "4")];
        foreach (var write in writes)
            if (isConflict)
                (await write()).ShouldBeFalse();
            else
                (await Should.ThrowAsync<DaprException>(write)).InnerException.ShouldBeOfType<RpcException>().StatusCode.ShouldBe(code);

        // A create-if-absent that lost fails without an etag to have lost by: it throws, whatever the code.
        var create = new Dapr.Client.StateOptions { Concurrency = ConcurrencyMode.FirstWrite };
        await Should.ThrowAsync<DaprException>(() => client.SaveStateAsync("s", "k", 1, create));
        await Should.ThrowAsync<DaprException>(() => client.DeleteStateAsync("s", "k"));
    }

    [Fact]
    public async Task A_transaction_sends_its_operations_in_order_and_a_conflict_throws()
    {
        ExecuteStateTransactionRequest? sent = null;
        var refuse = false;
        await using var sidecar = await FakeSidecar.StartAsync(s => s.Dapr(
            "ExecuteStateTransaction",
            ExecuteStateTransactionRequest.Parser,
            request =>
            {
                sent = request;
                return refuse ? throw GrpcFraming.Error(StatusCode.Internal, "etag") : new Empty();
            }));
        using var client = Client(sidecar);
        StateTransactionRequest[] operations =
        [
            new("a", [1, 2], StateOperationType.Upsert, "3", new Dictionary<string, string> { ["ttlInSeconds"] = "5" }),
            new("b", null, StateOperationType.Delete),
        ];
        await client.ExecuteStateTransactionAsync("s", operations, new Dictionary<string, string> { ["m"] = "1" });
        sent!.Operations.Select(o => $"{o.OperationType} {o.Request.Key} {o.Request.Value.Length} {o.Request.Etag?.Value}")
            .ShouldBe(["upsert a 2 3", "delete b 0 "]);
        sent.Operations[0].Request.Metadata["ttlInSeconds"].ShouldBe("5");
        sent.Metadata["m"].ShouldBe("1");
        refuse = true;
        await Should.ThrowAsync<DaprException>(() => client.ExecuteStateTransactionAsync("s", operations));
    }

    [Fact]
    public async Task Bulk_reads_give_defaults_for_missing_keys()
    {
        await using var sidecar = await FakeSidecar.StartAsync(s => s.Dapr(
            "GetBulkState",
            GetBulkStateRequest.Parser,
            request => new GetBulkStateResponse
            {
                Items = { request.Keys.Select(k => new ConcertDapr.Wire.Runtime.BulkStateItem
                {
                    Key = k, Data = k == "a" ? ByteString.CopyFromUtf8("7") : ByteString.Empty, Etag = k == "a" ? "1" : "",
                }) },
            }));
        using var client = Client(sidecar);
        (await client.GetBulkStateAsync<int>("s", ["a", "b"], 10)).Select(i => (i.Key, i.Value, i.ETag))
            .ShouldBe([("a", 7, "1"), ("b", 0, "")]);
        (await client.GetBulkStateAsync("s", ["a"], null))[0].Value.ShouldBe("7");
    }

    [Fact]
    public async Task The_token_goes_with_every_call_but_bulk_save()
    {
        await using var sidecar = await FakeSidecar.StartAsync(
            s => s.Dapr("GetState", GetStateRequest.Parser, _ => new GetStateResponse())
                .Dapr("SaveState", SaveStateRequest.Parser, _ => new Empty()),
            token: "secret");
        using var client = Client(sidecar, "secret");
        await client.GetStateAsync<int>("s", "k");
        await client.SaveStateAsync("s", "k", 1);
        var error = await Should.ThrowAsync<DaprException>(() => client.SaveBulkStateAsync("s", [new SaveStateItem<int>("k", 1, "")]));
        error.InnerException.ShouldBeOfType<RpcException>().StatusCode.ShouldBe(StatusCode.Unauthenticated);
        using var anonymous = Client(sidecar);
        await Should.ThrowAsync<DaprException>(() => anonymous.GetStateAsync<int>("s", "k"));
    }

    [Fact]
    public async Task The_callers_cancellation_is_not_an_error_of_the_sidecar()
    {
        using var never = new SemaphoreSlim(0);
        await using var sidecar = await FakeSidecar.StartAsync(s => s.Unary(
            "/dapr.proto.runtime.v1.Dapr/GetState",
            GetStateRequest.Parser,
            async (_, call) =>
            {
                await never.WaitAsync(call.Cancellation);
                return new GetStateResponse();
            }));
        using var client = Client(sidecar);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Should.ThrowAsync<OperationCanceledException>(() =>
            client.GetStateAsync<int>("s", "k", cancellationToken: cancellation.Token));
    }

    private static DaprClient Client(FakeSidecar sidecar, string token = "") =>
        new DaprClientBuilder().UseGrpcEndpoint(sidecar.Address).UseDaprApiToken(token).Build();

    private sealed record Seat(string Row, int Number);
}
