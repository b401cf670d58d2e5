using ConcertDapr.Wire;
using ConcertDapr.Wire.Workflows;
using Google.Protobuf;
using Grpc.Core;

namespace ConcertDapr.Crash;

/// <summary>
/// The tester's own calls of the sidecar. A sidecar that is being killed answers nothing or breaks off: calls are repeated, with several
/// replicas at the next one.
/// </summary>
internal sealed class Hub(params int[] ports) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);
    private readonly GrpcClient[] _replicas = [.. ports.Select(port =>
        new GrpcClient(new GrpcClientOptions(new Uri($"http://127.0.0.1:{port}")) { MaxReceiveMessageSize = null }))];
    private volatile int _current;

    /// <summary>One attempt.</summary>
    public async Task<T> OnceAsync<T>(string method, IMessage request, MessageParser<T> parser) where T : class, IMessage<T>
    {
        var current = _current;
        try
        {
            return await _replicas[current].UnaryAsync("/TaskHubSidecarService/" + method, request, parser, new(s_patience));
        }
        catch (RpcException e) when (IsBroken(e))
        {
            _current = (current + 1) % _replicas.Length;
            throw;
        }
    }

    /// <summary>Until it is answered; <paramref name="isAnswer"/> tells which errors are answers.</summary>
    public async Task<T?> AgainAsync<T>(string method, IMessage request, MessageParser<T> parser, Func<RpcException, bool>? isAnswer = null)
        where T : class, IMessage<T>
    {
        while (true)
        {
            try
            {
                return await OnceAsync(method, request, parser);
            }
            catch (RpcException e) when (isAnswer?.Invoke(e) == true)
            {
                return null;
            }
            catch (RpcException e) when (IsBroken(e))
            {
                await Task.Delay(s_pause);
            }
        }
    }

    public async Task<WorkflowState?> GetAsync(string id)
    {
        var answer = await AgainAsync("GetInstance", new GetInstanceRequest { InstanceId = id, GetInputsAndOutputs = true }, GetInstanceResponse.Parser);
        return answer!.Exists ? answer.WorkflowState : null;
    }

    public async Task<IReadOnlyList<HistoryEvent>> HistoryAsync(string id) =>
        (await AgainAsync("GetInstanceHistory", new GetInstanceHistoryRequest { InstanceId = id }, GetInstanceHistoryResponse.Parser))!.Events;

    /// <summary>Whether a call broke off, so that nobody knows what came of it.</summary>
    public static bool IsBroken(RpcException e) =>
        e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Internal;

    public void Dispose()
    {
        foreach (var replica in _replicas)
            replica.Dispose();
    }
}
