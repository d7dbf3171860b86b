main <assignments.lua>
; parameters 0+, registers 13, upvalues 1, constants 7, functions 1
    1 2:17+1     LoadInt              R0 1
    2 2:20+2     NewTable             R1 0 0
    3 2:24+3     LoadNil              R2 0
    4 3:13+1     AddRK                R3 R0 K0          ; 1
    5 3:4+1      SetTableConst        R1 R0 K1          ; 20
    6 3:1+1      Move                 R0 R3
    7 4:7+1      Move                 R3 R0
    8 4:11+1     Move                 R4 R0
    9 4:14+1     LoadInt              R0 3
   10 4:1+1      SetTable             R1 R3 R4
   11 5:6+1      Move                 R3 R1
   12 5:10+1     LoadInt              R4 1
   13 5:13+1     LoadInt              R1 2
   14 5:1+1      SetField             R3 K2 R4          ; "x"
   15 6:11+1     GetUpvalueField      R3 U0 K3          ; _ENV "f"
   16 6:11+1     Call                 R3 1 4
   17 6:7+1      Move                 R2 R5
   18 6:4+1      Move                 R1 R4
   19 6:1+1      Move                 R0 R3
   20 7:8+1      LoadInt              R3 1
   21 7:11+1     LoadInt              R4 2
   22 7:14+1     GetUpvalueField      R5 U0 K3          ; _ENV "f"
   23 7:14+1     Call                 R5 1 1
   24 7:4+1      Move                 R1 R4
   25 7:1+1      Move                 R0 R3
   26 8:8+1      GetUpvalueField      R3 U0 K5          ; _ENV "b"
   27 8:11+1     GetUpvalueField      R4 U0 K4          ; _ENV "a"
   28 8:4+1      SetUpvalueField      U0 K5 R4          ; _ENV "b"
   29 8:1+1      SetUpvalueField      U0 K4 R3          ; _ENV "a"
   30 9:20+4     LoadInt              R3 300
   31 9:28+3     LoadInt              R4 -1
   32 9:34+1     LoadInt              R5 1
   33 9:37+3     LoadNil              R6 0
   34 9:42+4     LoadTrue             R7
   35 9:48+3     LoadConst            R8 K6             ; "s"
   36 9:26+1     SetTable             R1 R4 R0
   37 9:18+1     SetTable             R1 R3 R8
   38 9:13+1     SetField             R1 K2 R7          ; "x"
   39 9:7+1      SetTable             R1 R0 R6
   40 9:1+1      SetIndex             R1 1 R5
   41 10         LoadNil              R3 3
   42 11:14+3    Vararg               R7 3
   43 12:18+3    Vararg               R9 2
   44 12:17+5    LoadNil              R10 1
   45 13:7+8     Closure              R12 P0
   46 13         Return               R0 1 1
; local 0 i 4 to 47
; local 1 t 4 to 47
; local 2 u 4 to 47
; local 3 p 42 to 47
; local 4 q 42 to 47
; local 5 r 42 to 47
; local 6 s 42 to 47
; local 7 v 43 to 47
; local 8 w 43 to 47
; local 9 x 45 to 47
; local 10 y 45 to 47
; local 11 z 45 to 47
; local 12 g 46 to 47
; upvalue U0 _ENV = R0

function 0 <assignments.lua:13,13>
; parameters 0, registers 3, upvalues 2, constants 3, functions 0
    1 13:29+1    LoadInt              R0 1
    2 13:23+1    SetUpvalueFieldConst U0 K0 K1          ; t "x" 2
    3 13:20+1    SetUpvalue           R0 U0             ; t
    4 13:39+1    GetUpvalue           R0 U1             ; u
    5 13:43+1    LoadInt              R1 1
    6 13:43+1    LoadNil              R2 0
    7 13:39+1    SetUpvalue           R2 U1             ; u
    8 13:34+1    SetField             R0 K2 R1          ; "y"
    9 13         Return0
; upvalue U0 t = R1
; upvalue U1 u = R2
